"""How well a network finds text: precision, recall and F on scenes that it was not trained on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ocr_edge.bundles.load import load
from ocr_edge.contract.types import Image
from ocr_edge.detect.looks import looks
from ocr_edge.detect.network import text_map
from ocr_edge.detect.quads import outlines
from ocr_edge.errors import ModelError
from ocr_edge.recognize.interpreter import Sides
from ocr_train.scenes.boxed import SceneSet
from ocr_train.scenes.matching import Found, matched, total
from ocr_train.scenes.sheet import Quads

LONGEST = 832
"""Longer side, in pixels, of the pictures that an epoch is judged by: receipts are still legible at it, and street
scenes not much larger than they are."""
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
        ((seen, scale),) = looks(image, (longest,))
        text = np.asarray(model({"rgb": seen[None].astype(np.float32)}, training=False))[0, ..., 0]
        quads, _ = outlines(text)
        return quads / np.float32(scale)

    return find


def of_model(path: Path) -> Find:
    """What a ``.keras`` file finds, as an epoch is judged.

    Raises:
        ModelError: The file is no network that finds text.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such file or folder")
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras has no error of its own for a file that is none of its own.
        raise ModelError(f"{path}: cannot be loaded ({str(error).partition(chr(10))[0]})") from error
    names = {tensor.name for tensor in model.inputs}
    if names != {"rgb"} or len(model.output_shape) != 4:
        raise ModelError(f"{path}: finds no text; its inputs are {', '.join(sorted(names))}")
    return finder(model, LONGEST)


def of_bundle(path: Path) -> Find:
    """What a bundle's detector finds, on the device's own code: the same one look, and the pieces as they are.

    Raises:
        ModelError: It cannot be used, or has no such stage.
    """
    bundle = load(path)
    if not bundle.detectors:
        raise ModelError(f"bundle {path}: has no stage that finds lines")
    return device_finder(bundle.detectors[0])


def device_finder(networks: Sides) -> Find:
    """What a converted network finds, on the device's own code."""

    def find(image: Image) -> Quads:
        ((seen, scale),) = looks(image, (LONGEST,))
        quads, _ = outlines(text_map(networks, seen))
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
