"""Prepared batches kept on disk: a second network on the same recipe, or the same batch again, need not make them."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image, Scores
from ocr_train import recipe as recipes
from ocr_train.recipe import Recipe

_SAMPLING = ("sources", "labels", "reject", "seed", "epoch_samples", "batch_size", "class_balance")
_DECIDES = (*_SAMPLING, "augment", "augment_strength")
"""Keys of a recipe that decide what is in a batch."""

Rows = tuple[dict[str, Image], npt.NDArray[np.int64]]
"""Pixels by input name, and the labels, int64, shape ``(B,)``."""


class Batches:
    """The batches of one recipe and its data, in a folder. Several processes may use it at once.

    A file appears whole or not at all.

    Args:
        folder: Where the batches of all recipes are; made when missing.
        recipe: What is trained; only what decides a batch's content counts.
        data: The run record's ``data``: sample counts and hashes by source.
        teachers: SHA-256 of each teacher's file, whose scores are kept too.
    """

    def __init__(
        self, folder: Path, recipe: Recipe, data: dict[str, Any], teachers: tuple[str, ...] = ()
    ) -> None:
        plain = recipes.as_dict(recipe)
        self._folder = folder / _digest([{key: plain[key] for key in _DECIDES}, data])
        self._folder.mkdir(parents=True, exist_ok=True)
        self._scores = f"scores-{_digest(teachers)}" if teachers else ""

    def load(self, epoch: int, index: int) -> Rows | None:
        """A batch that was kept; None for one that was not."""
        try:
            with np.load(self._path(epoch, index, "batch.npz"), allow_pickle=False) as kept:
                rgb, bits, labels = kept["rgb"], kept["binary"], kept["labels"]
        except FileNotFoundError:
            return None
        shape = (*rgb.shape[:3], 1)
        binary = np.unpackbits(bits, axis=1, count=int(np.prod(shape[1:]))).reshape(shape)
        return {"rgb": rgb, "binary": binary * np.uint8(255)}, labels.astype(np.int64)

    def save(self, epoch: int, index: int, rows: Rows) -> None:
        """Keep a batch; ``binary`` is 0 or 255 and is kept as bits."""
        inputs, labels = rows
        bits = np.packbits(inputs["binary"].reshape(len(labels), -1) > 0, axis=1)
        rgb, short = inputs["rgb"], labels.astype(np.int16)
        path = self._path(epoch, index, "batch.npz")
        self._write(path, lambda file: np.savez(file, rgb=rgb, binary=bits, labels=short))

    def load_scores(self, epoch: int, index: int) -> Scores:
        """The teachers' probabilities for a batch, float32, shape ``(B, L)``."""
        return np.asarray(np.load(self._path(epoch, index, f"{self._scores}.npy")), np.float32)

    def save_scores(self, epoch: int, index: int, probabilities: Scores) -> None:
        """Keep what the teachers say."""
        half = probabilities.astype(np.float16)
        self._write(self._path(epoch, index, f"{self._scores}.npy"), lambda file: np.save(file, half))

    def has_scores(self, epoch: int, index: int) -> bool:
        """Whether what the teachers say of a batch is kept."""
        return bool(self._scores) and self._path(epoch, index, f"{self._scores}.npy").exists()

    def _path(self, epoch: int, index: int, end: str) -> Path:
        return self._folder / f"{epoch:04d}" / f"{index:05d}.{end}"

    @staticmethod
    def _write(path: Path, write: Any) -> None:
        path.parent.mkdir(exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        with part.open("wb") as file:
            write(file)
        part.replace(path)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
