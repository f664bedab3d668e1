"""An exponential average of a network's weights over its training steps (Polyak & Juditsky, 1992)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

EVERY = 8
"""Steps from one look at the weights to the next: they hardly move in between."""


class Average(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Averages all weights, the statistics of batch normalisation among them.

    Args:
        model: The network, with its weights at the start.
        decay: Share of the average that stays at each step, such as 0.999.
    """

    def __init__(self, model: keras.Model, decay: float) -> None:
        super().__init__()
        self._model = model
        self._decay = decay
        self.steps = 0
        self.weights: list[Any] = [np.array(value, np.float32) for value in model.get_weights()]

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Take in the weights of every ``EVERY``-th step."""
        self.steps += 1
        if self.steps % EVERY:
            return
        if keras.backend.backend() == "jax":  # which keeps them to itself while it trains
            self._model.jax_state_sync()
        # At the start the average is short: as in Keras's and TensorFlow's own, it grows with the steps.
        keep = min(self._decay, (1 + self.steps) / (10 + self.steps)) ** EVERY
        pairs = zip(self.weights, self._model.get_weights(), strict=True)
        self.weights = [mean + (1 - keep) * (value - mean) for mean, value in pairs]

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Let the network have the averaged weights for a while."""
        own = self._model.get_weights()
        self._model.set_weights(self.weights)
        try:
            yield
        finally:
            self._model.set_weights(own)
