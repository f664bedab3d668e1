"""Batches for Keras: what is drawn and how it is augmented is a function of (seed, epoch, batch) alone."""

import logging
from collections.abc import Mapping, Sequence

import cv2
import keras
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.preprocess import preprocess
from ocr_edge.contract.types import Glyph, Image
from ocr_train.augment import augment
from ocr_train.datasets import Dataset, load
from ocr_train.recipe import Recipe, Source

_LOGGER = logging.getLogger(__name__)
Batch = tuple[dict[str, Image], npt.NDArray[np.float32]]


def load_split(sources: Sequence[Source], labels: Sequence[str], split: str, data: str) -> list[Dataset]:
    """Load one split of every source.

    Args:
        sources: The recipe's sources.
        labels: The ordered labels.
        split: ``train`` or ``validation``; replaces the split of a source's own spec only where it names none.
        data: Folder that relative paths in the specs start from.

    Returns:
        One data set for each source that has the split, in the order of the sources; empty ones are left out of
        ``validation`` and refused in ``train``.

    Raises:
        ConfigError: A source cannot be loaded or has nothing to train on.
    """
    datasets = []
    for source in sources:
        dataset = load(located(source.data, data), labels)
        samples = [sample for sample in dataset.samples if sample.split == split]
        _LOGGER.info("%s: %d samples of %s", source.data, len(samples), split)
        datasets.append(Dataset(dataset.name, samples))
    return datasets


def located(spec: str, data: str) -> str:
    """A spec whose relative path starts from the data folder."""
    kind, _, path = spec.partition(":")
    return spec if path.startswith(("/", "~")) else f"{kind}:{data}/{path}"


def stack(glyphs: Sequence[Glyph]) -> dict[str, Image]:
    """Preprocess glyphs into one batch: ``rgb`` uint8 (N, 28, 28, 3) and ``binary`` uint8 (N, 28, 28, 1)."""
    pairs = [preprocess(glyph) for glyph in glyphs]
    return {"rgb": np.stack([rgb for rgb, _ in pairs]), "binary": np.stack([binary for _, binary in pairs])}


class Epoch(keras.utils.PyDataset):
    """One epoch of training batches, drawn by source weight and class balance.

    Args:
        datasets: One for each source of the recipe.
        recipe: Sampling and augmentation settings.
        epoch: Number of the epoch, from 0.
        workers: Processes that prepare batches; 0 prepares them in the calling thread. The batches are the same.
    """

    def __init__(self, datasets: Sequence[Dataset], recipe: Recipe, epoch: int, workers: int = 0) -> None:
        super().__init__(workers=max(workers, 1), use_multiprocessing=workers > 0, max_queue_size=16)
        self._datasets = datasets
        self._recipe = recipe
        self._epoch = epoch
        self._draws = draw(datasets, recipe, epoch)

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, index: int) -> Batch:
        """Batch number ``index``: pixels by input name, and one-hot targets float32 (B, L)."""
        cv2.setNumThreads(1)
        recipe = self._recipe
        rng = np.random.default_rng((recipe.seed, self._epoch, index))
        glyphs, targets = [], []
        for source, row in self._draws[index * recipe.batch_size : (index + 1) * recipe.batch_size]:
            sample = self._datasets[source].samples[row]
            glyph = sample.glyph
            if recipe.augment:
                glyph = augment(glyph, rng, plain=recipe.sources[source].plain)
            glyphs.append(glyph)
            targets.append(sample.label)
        return stack(glyphs), np.eye(len(recipe.label_texts), dtype=np.float32)[targets]


def draw(datasets: Sequence[Dataset], recipe: Recipe, epoch: int) -> npt.NDArray[np.int64]:
    """Choose the samples of an epoch.

    Returns:
        int64, shape ``(epoch_samples, 2)``: source and row of each sample, in training order.
    """
    rng = np.random.default_rng((recipe.seed, epoch))
    weights = np.array([source.weight if d.samples else 0.0 for source, d in zip(recipe.sources, datasets, strict=True)])
    sources = rng.choice(len(datasets), recipe.epoch_samples, p=weights / weights.sum())
    draws = np.stack([sources, np.zeros_like(sources)], axis=1)
    for source, dataset in enumerate(datasets):
        mine = np.flatnonzero(sources == source)
        if not len(mine):
            continue
        labels = dataset.label_array()
        chances = np.bincount(labels)[labels] ** -recipe.class_balance
        draws[mine, 1] = rng.choice(len(labels), len(mine), p=chances / chances.sum())
    return draws


def class_counts(datasets: Mapping[str, Dataset] | Sequence[Dataset], labels: int) -> npt.NDArray[np.int64]:
    """Samples of each class over all data sets, int64, shape ``(labels,)``."""
    values = datasets.values() if isinstance(datasets, Mapping) else datasets
    return sum((np.bincount(d.label_array(), minlength=labels) for d in values), np.zeros(labels, np.int64))
