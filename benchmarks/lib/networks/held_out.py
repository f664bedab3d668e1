"""Labelled characters that were held out of training, preprocessed once for every network."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lib.picture_sets import spread
from ocr_edge.contract.labels import case_merged
from ocr_edge.contract.types import Image, Scores
from ocr_edge.errors import ConfigError
from ocr_train import datasets
from ocr_train.sources import distinct_names, stack

Right = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One data set.

    Attributes:
        name: For tables.
        inputs: ``rgb`` uint8 (N, H, W, 3) and ``binary`` uint8 (N, H, W, 1).
        truth: int64, shape ``(N,)``.
        groups: Writer, font or picture of each, empty where it is unknown.
    """

    name: str
    inputs: dict[str, Image]
    truth: npt.NDArray[np.int64]
    groups: tuple[str, ...]


def load(specs: Sequence[str], texts: Sequence[str], limit: int = 0) -> list[Source]:
    """Load data sets.

    Args:
        specs: Such as ``tar:crops.tar#validation``.
        texts: What their labels point into.
        limit: At most so many glyphs of each, spread evenly; 0 for all.

    Raises:
        ConfigError: One cannot be loaded, or there are no specs.
    """
    if not specs:
        raise ConfigError("--data: name at least one data set, such as tar:crops.tar#validation")
    loaded = []
    for spec, name in zip(specs, distinct_names(specs), strict=True):
        samples = spread(datasets.load(spec, texts).samples, limit)
        truth = np.array([sample.label for sample in samples], np.int64)
        inputs = stack([sample.glyph for sample in samples])
        loaded.append(Source(name, inputs, truth, tuple(sample.group for sample in samples)))
    return loaded


def split_of(sources: Sequence[Source]) -> str:
    """The split that all sources' names end in, ``#`` included; empty where they differ."""
    splits = {"".join(source.name.partition("#")[1:]) for source in sources}
    return splits.pop() if len(splits) == 1 else ""


def some(sources: Sequence[Source], count: int) -> dict[str, Image]:
    """So many preprocessed glyphs, evenly from every source."""
    share = -(-count // len(sources))
    rows = [spread(range(len(source.truth)), share) for source in sources]
    return {
        name: np.concatenate(
            [source.inputs[name][chosen] for source, chosen in zip(sources, rows, strict=True)]
        )
        for name in ("rgb", "binary")
    }


def right(scores: Scores, truth: npt.NDArray[np.int64], texts: Sequence[str]) -> tuple[Right, Right]:
    """Which glyphs are named right: exactly, and when case is ignored."""
    merged, best = np.array(case_merged(texts)), scores.argmax(axis=1)
    return best == truth, merged[best] == merged[truth]


def halves(groups: Sequence[str]) -> npt.NDArray[np.int64]:
    """Deal a source out into two halves, 0 and 1, of about the same size; a writer's or font's glyphs stay together.

    Glyphs of unknown groups count as independent. A source of one group alone is cut all the same.

    Args:
        groups: The group of each glyph.

    Returns:
        int64, shape ``(len(groups),)``.
    """
    together = groups if len(set(groups)) > 1 else [""] * len(groups)
    keys = [group or f"\0{row}" for row, group in enumerate(together)]
    sizes, half = [0, 0], {}
    for key, size in sorted(Counter(keys).items(), key=lambda item: -item[1]):
        half[key] = int(sizes[1] < sizes[0])
        sizes[half[key]] += size
    return np.array([half[key] for key in keys], np.int64)
