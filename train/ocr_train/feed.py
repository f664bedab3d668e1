"""Batches for Keras: what is drawn and how it is augmented is a function of (seed, epoch, batch) alone."""

import multiprocessing
import signal
import threading
from collections.abc import Sequence

import cv2
import keras
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image
from ocr_train.augment import augment
from ocr_train.batches import Batches, Rows
from ocr_train.datasets import Dataset
from ocr_train.recipe import Recipe
from ocr_train.sources import load_split, load_splits, located, stack

__all__ = ["Batch", "Epoch", "draw", "load_split", "load_splits", "located", "stack"]

Batch = tuple[dict[str, Image], npt.NDArray[np.float32]]


class Epoch(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """One epoch of training batches, drawn by source weight and class balance.

    Args:
        datasets: One for each source of the recipe.
        recipe: Sampling and augmentation settings.
        epoch: Number of the epoch, from 0.
        workers: Processes that prepare batches; 0 prepares them in this process. The batches are the same.
        order: Which batch comes when; None for 0, 1, 2 and so on.
        batches: Where batches are kept; None makes them every time.
    """

    def __init__(
        self,
        datasets: Sequence[Dataset],
        recipe: Recipe,
        epoch: int,
        workers: int = 0,
        *,
        order: Sequence[int] | None = None,
        batches: Batches | None = None,
    ) -> None:
        super().__init__(workers=max(workers, 1), use_multiprocessing=workers > 0, max_queue_size=16)
        self._datasets = datasets
        self._recipe = recipe
        self._epoch = epoch
        self._draws = draw(datasets, recipe, epoch)
        self._order = range(recipe.steps) if order is None else order
        self._batches = batches

    def __len__(self) -> int:
        return self._recipe.steps

    @property
    def batch_size(self) -> int:
        """Samples of every batch but the last."""
        return self._recipe.batch_size

    def __getitem__(self, index: int) -> Batch:
        """The batch at a place in the order: pixels by input name, and targets float32 (B, L)."""
        _leave_interrupts_to_the_parent()
        index = self._order[index]
        kept = self._batches.load(self._epoch, index) if self._batches else None
        inputs, labels = kept or self._made(index)
        if self._batches and not kept:
            self._batches.save(self._epoch, index, (inputs, labels))
        targets = np.eye(len(self._recipe.label_texts), dtype=np.float32)[labels]
        if self._batches and self._recipe.distill and self._batches.has_scores(self._epoch, index):
            said = self._batches.load_scores(self._epoch, index)
            targets += np.float32(self._recipe.distill) * (said - targets)
        return inputs, targets

    def _made(self, index: int) -> Rows:
        """Draw and augment a batch."""
        cv2.setNumThreads(1)
        recipe = self._recipe
        rng = np.random.default_rng((recipe.seed, self._epoch, index))
        glyphs, labels = [], []
        for source, row in self._draws[index * recipe.batch_size : (index + 1) * recipe.batch_size]:
            sample = self._datasets[source].samples[row]
            glyph = sample.glyph
            if recipe.augment:
                plain = recipe.sources[source].plain
                glyph = augment(glyph, rng, plain=plain, strength=recipe.augment_strength)
            glyphs.append(glyph)
            labels.append(sample.label)
        return stack(glyphs), np.array(labels, np.int64)


def draw(datasets: Sequence[Dataset], recipe: Recipe, epoch: int) -> npt.NDArray[np.int64]:
    """Choose the samples of an epoch.

    Args:
        datasets: One for each source of the recipe, at least one of them with samples.
        recipe: Its seed, weights and class balance.
        epoch: Number of the epoch, from 0.

    Returns:
        int64, shape ``(epoch_samples, 2)``: source and row of each sample, in training order.
    """
    rng = np.random.default_rng((recipe.seed, epoch))
    pairs = zip(recipe.sources, datasets, strict=True)
    weights = np.array([source.weight if dataset.samples else 0.0 for source, dataset in pairs])
    sources = rng.choice(len(datasets), recipe.epoch_samples, p=weights / weights.sum())
    draws = np.stack([sources, np.zeros_like(sources)], axis=1)
    for source, dataset in enumerate(datasets):
        mine = np.flatnonzero(sources == source)
        if not len(mine):
            continue
        labels = dataset.label_array()
        chances = np.bincount(labels)[labels] ** -recipe.class_balance
        rejects = labels == len(recipe.label_texts) - 1 if recipe.reject else np.zeros(len(labels), bool)
        if rejects.any() and not rejects.all():
            chances[rejects] *= recipe.reject / chances[rejects].sum()
            chances[~rejects] *= (1 - recipe.reject) / chances[~rejects].sum()
        draws[mine, 1] = rng.choice(len(labels), len(mine), p=chances / chances.sum())
    return draws


def _leave_interrupts_to_the_parent() -> None:
    """In a worker process, ignore Ctrl-C: it reaches all processes of a terminal, and one has to answer."""
    in_worker = multiprocessing.parent_process() is not None
    if in_worker and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
