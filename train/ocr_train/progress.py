"""How a training says how far it is: on a terminal in place, in a log every tenth of an epoch."""

import logging
import math
import sys
import time
from typing import Any

import keras

from ocr_train.recipe import AnyRecipe
from ocr_train.strips.recipe import LineRecipe

_LOGGER = logging.getLogger(__name__)


def mean_batch_size(recipe: AnyRecipe) -> float:
    """Samples of an ordinary batch; that of a line stage depends on its width."""
    if not isinstance(recipe, LineRecipe):
        return recipe.batch_size
    shares = recipe.widths.values()
    sizes = [recipe.batch_size(int(width)) for width in recipe.widths]
    return sum(size * share for size, share in zip(sizes, shares, strict=True)) / sum(shares)


class Progress(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Reports one epoch.

    Args:
        epoch: Number of the epoch, from 0.
        recipe: What is trained.
    """

    def __init__(self, epoch: int, recipe: AnyRecipe) -> None:
        super().__init__()
        self._batch_size = mean_batch_size(recipe)
        self._name = f"epoch {epoch + 1} of {recipe.epochs}"
        self._recipe = recipe
        self._live = sys.stderr is not None and sys.stderr.isatty()
        self._started = time.monotonic()
        self._said_at, self._said_tenth = self._started, 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Say how far the epoch is, how fast, and when it ends."""
        now, done, steps = time.monotonic(), batch + 1, self._recipe.steps
        tenth = 10 * done // steps
        if (
            (now - self._said_at < 1.0)
            if self._live
            else (tenth == self._said_tenth or now - self._said_at < 10.0)
        ):
            return
        self._said_at, self._said_tenth = now, tenth
        took = now - self._started
        text = (
            f"{self._name}: {100 * done // steps} %, loss {(logs or {}).get('loss', math.nan):.4f},"
            f" {done * self._batch_size / took:.0f} samples/s,"
            f" {took / done * (steps - done):.0f} s left"
        )
        if self._live:
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)
        else:
            _LOGGER.info("%s", text)

    def finished(self, entry: dict[str, Any]) -> None:
        """Say how the epoch went.

        Args:
            entry: Its ``loss``, ``score``, ``validation`` where there is one, and ``seconds``.
        """
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        each = ", ".join(f"{name} {100 * top1:.1f}" for name, top1 in entry.get("validation", {}).items())
        _LOGGER.info(
            "%s: loss %.4f, score %.4f%s, %.0f s",
            self._name,
            entry["loss"],
            entry["score"],
            f" ({each})" if each else " on the training samples",
            entry["seconds"],
        )
