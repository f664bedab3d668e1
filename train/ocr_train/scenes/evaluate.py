"""How well a network finds text: precision, recall and F on scenes that it was not trained on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.detect.looks import look
from ocr_edge.detect.quads import outlines
from ocr_train.scenes.boxed import SceneSet
from ocr_train.scenes.matching import Found, matched, total
from ocr_train.scenes.sheet import Quads

Find = Callable[[Image], Quads]
"""From an RGB picture to outlines in its pixels."""


@dataclass(frozen=True, slots=True)
class SceneResult:
    """Measurements on one set.

    Attributes:
        name: The set's.
        n: Pictures.
        counts: Right, found and there.
    """

    name: str
    n: int
    counts: Found

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``metrics.json``."""
        counts = self.counts
        return {
            "name": self.name, "n": self.n, "outlines": counts.there, "precision": counts.precision,
            "recall": counts.recall, "f": counts.f,
        }  # fmt: skip


def finder(model: keras.Model, longest: int) -> Find:
    """What a trained network finds, in one look at the whole picture.

    Args:
        model: The network.
        longest: Longer side of the picture that it sees, in pixels.
    """

    def find(image: Image) -> Quads:
        seen, scale = look(image, longest)
        text = np.asarray(model({"rgb": seen[None].astype(np.float32)}, training=False))[0, ..., 0]
        quads, _ = outlines(text)
        return quads / np.float32(scale)

    return find


def measure(find: Find, scenes: SceneSet) -> SceneResult:
    """Compare what is found with what is there."""
    counts = [matched(find(s.image), s.quads, s.ignored) for s in scenes.scenes]
    return SceneResult(scenes.name, len(scenes.scenes), total(counts))


def each(find: Find, sets: Sequence[SceneSet]) -> Iterator[SceneResult]:
    """The measurements of several sets, one after another."""
    for scenes in sets:
        yield measure(find, scenes)
