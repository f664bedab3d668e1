"""Batches in order, made ahead by processes: what Keras does for a data set, for batches whose shapes differ.

Keras looks at the first two batches and takes what they have in common for granted; the width of a line's batches may
be the same in those two and another one later.
"""

import multiprocessing
import pickle
import random
import signal
import tempfile
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy.typing as npt

from ocr_train.drawn_recipe import DrawnRecipe

_MEMORY = Path("/dev/shm")
"""Where processes hand over their batches, if there is such a place: four times as fast as through a pipe, which
carries some 600 MB/s and keeps the training process busy; a GPU takes 400 MB/s and more."""

_shared: dict[str, Any] = {}
"""In a process that makes batches: what it makes them of, and the folder to leave them in."""


class DrawnEpoch(keras.utils.PyDataset, ABC):  # type: ignore[misc]  # Keras has no types
    """One epoch of batches, each a function of (seed, epoch, batch) alone.

    Args:
        recipe: Says how many there are, and where chance starts.
        epoch: Number of the epoch, from 0.
        workers: Processes that make batches; 0 makes them in this one. The batches are the same.
    """

    def __init__(self, recipe: DrawnRecipe, epoch: int, workers: int = 0) -> None:
        super().__init__(
            workers=max(workers, 1), use_multiprocessing=workers > 0, max_queue_size=2 * workers + 8
        )
        self._recipe, self._epoch = recipe, epoch

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, index: int) -> Any:
        """The batch at a place: pixels by input name, and targets."""
        if multiprocessing.parent_process() and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        cv2.setNumThreads(1)
        return self.draw(random.Random(f"{self._recipe.seed}/{self._epoch}/{index}"))

    @abstractmethod
    def draw(self, rng: random.Random) -> Any:
        """One batch, every choice from ``rng``."""


def stream(batches: keras.utils.PyDataset) -> Iterator[Any]:
    """The batches of an epoch.

    Args:
        batches: Says how many processes make them, and how many batches they may be ahead.

    Yields:
        Its batches, in order.
    """
    count = len(batches)
    if not batches.use_multiprocessing:
        yield from (batches[index] for index in range(count))
        return
    with (
        tempfile.TemporaryDirectory(prefix="ocr-train-", dir=_MEMORY if _MEMORY.is_dir() else None) as folder,
        multiprocessing.Pool(batches.workers, _share, (batches, folder)) as pool,
    ):
        ahead = deque(pool.apply_async(_make, (i,)) for i in range(min(count, batches.max_queue_size)))
        for index in range(len(ahead), count + len(ahead)):
            path = Path(ahead.popleft().get())
            if index < count:
                ahead.append(pool.apply_async(_make, (index,)))
            with path.open("rb") as file:
                made = pickle.load(file)
            path.unlink()
            yield made


def dataset(model: keras.Model, batches: keras.utils.PyDataset) -> Any:
    """What ``fit`` takes: with TensorFlow a ``tf.data.Dataset``, else a generator.

    Args:
        model: What is trained; tells which sizes of the pixels may differ.
        batches: Pixels, uint8, by input name, and targets.
    """
    if keras.backend.backend() != "tensorflow":
        return stream(batches)
    import tensorflow as tf  # noqa: PLC0415 - not needed by the other backends

    shapes = signature(model, batches[0][1])
    made = tf.data.Dataset.from_generator(lambda: stream(batches), output_signature=shapes)
    return made.apply(tf.data.experimental.assert_cardinality(len(batches))).prefetch(2)


def signature(model: keras.Model, targets: npt.NDArray[Any]) -> Any:
    """TensorFlow's description of a batch: of pixels as the model takes them, and of targets such as these."""
    import tensorflow as tf  # noqa: PLC0415 - not needed by the other backends

    pixels = {x.name: tf.TensorSpec(x.shape, tf.uint8) for x in model.inputs}
    return pixels, tf.TensorSpec((None, *targets.shape[1:]), targets.dtype)


def _share(batches: keras.utils.PyDataset, folder: str) -> None:
    """Begin a process: Ctrl-C reaches all processes of a terminal, and one has to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _shared.update(batches=batches, folder=Path(folder))


def _make(index: int) -> str:
    """Make a batch, and leave it in the folder."""
    path = _shared["folder"] / f"{index}.pickle"
    with path.open("wb") as file:
        pickle.dump(_shared["batches"][index], file, protocol=5)
    return str(path)
