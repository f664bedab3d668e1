"""From the sources of a recipe to data sets with names of their own, and from glyphs to inputs."""

import logging
from collections.abc import Sequence

import numpy as np

from ocr_edge.contract.preprocess import preprocess
from ocr_edge.contract.types import Glyph, Image
from ocr_train.datasets import Dataset, Spec, load
from ocr_train.recipe import Source

_LOGGER = logging.getLogger(__name__)
SPLITS = ("train", "validation")


def load_splits(
    sources: Sequence[Source], labels: Sequence[str], data: str
) -> tuple[list[Dataset], list[Dataset]]:
    """Load the ``train`` and ``validation`` splits of every source, each source once.

    A source whose spec names a split has nothing in the other one.

    Args:
        sources: The recipe's sources.
        labels: The ordered labels.
        data: Folder that relative paths in the specs start from.

    Returns:
        Two lists with one data set for each source, in the order of the sources, possibly without samples.
        Names are the same in both and different from source to source.

    Raises:
        ConfigError: A source cannot be loaded.
    """
    train: list[Dataset] = []
    validation: list[Dataset] = []
    for source, name in zip(sources, distinct_names([source.data for source in sources]), strict=True):
        loaded = load(located(source.data, data), labels)
        for split, found, left_out in zip(SPLITS, (train, validation), (loaded.left_out, 0), strict=True):
            mine = [sample for sample in loaded.samples if sample.split == split]
            found.append(Dataset(name, mine, left_out))
        _LOGGER.info(
            "%s: %d to train, %d to validate", source.data, *(len(d[-1].samples) for d in (train, validation))
        )
        if not train[-1].samples:
            _LOGGER.warning("%s: no sample in its train split, so its weight counts for nothing", source.data)
    return train, validation


def load_split(sources: Sequence[Source], labels: Sequence[str], split: str, data: str) -> list[Dataset]:
    """One of the two lists of ``load_splits``: that of ``split``, ``train`` or ``validation``."""
    return load_splits(sources, labels, data)[SPLITS.index(split)]


def located(spec: str, data: str) -> str:
    """A spec whose relative path starts from the data folder."""
    kind, colon, path = spec.partition(":")
    return spec if not colon or not path or path.startswith(("/", "~")) else f"{kind}:{data}/{path}"


def distinct_names(specs: Sequence[str]) -> list[str]:
    """A short name for each spec, all different: a name that comes again is numbered.

    Args:
        specs: Data specs.

    Returns:
        One name for each, in the same order.

    Raises:
        ConfigError: A spec is malformed.
    """
    names: list[str] = []
    for spec in specs:
        name = candidate = Spec.parse(spec).name
        stem, mark, split = name.partition("#")
        turn = 1
        while candidate in names:
            turn += 1
            candidate = f"{stem}-{turn}{mark}{split}"
        names.append(candidate)
    return names


def stack(glyphs: Sequence[Glyph]) -> dict[str, Image]:
    """Preprocess glyphs into one batch: ``rgb`` uint8 (N, 28, 28, 3) and ``binary`` uint8 (N, 28, 28, 1)."""
    pairs = [preprocess(glyph) for glyph in glyphs]
    return {"rgb": np.stack([rgb for rgb, _ in pairs]), "binary": np.stack([binary for _, binary in pairs])}
