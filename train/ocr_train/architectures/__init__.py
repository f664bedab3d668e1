"""Networks by name. Each takes ``rgb`` and ``binary`` pixels, 0..255, and gives ``logits``."""

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
from keras import layers

from ocr_edge.errors import ConfigError
from ocr_train.architectures import compact, dual_branch, folded

ARCHITECTURES: dict[str, Callable[[int], keras.Model]] = {
    "dual_branch": dual_branch.build,
    "compact": compact.build,
    "compact_deep": partial(compact.build, middle_blocks=0, top=64, top_blocks=1, deep=128),
    "folded": folded.build,
    "folded_deep": partial(folded.build, top_blocks=2, deep=112),
    "folded_small": partial(folded.build, branch=24, top=48, deep=96),
    "folded_plain": partial(folded.build, plain=True),
    "folded_late": partial(folded.build, join="late"),
    "folded_rgb": partial(folded.build, blind=("binary",)),
    "folded_binary": partial(folded.build, blind=("rgb",)),
}
"""Builders by name; each takes the number of labels."""


def builder(name: str) -> Callable[[int], keras.Model]:
    """The builder of a network.

    Args:
        name: A key of ``ARCHITECTURES``.

    Raises:
        ConfigError: The name is unknown.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"architecture {name!r} is unknown; known are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]


def build(name: str, labels: int) -> keras.Model:
    """Build an untrained network.

    Args:
        name: A key of ``ARCHITECTURES``.
        labels: How many classes it tells apart.

    Returns:
        A model with inputs ``rgb`` (B, 28, 28, 3) and ``binary`` (B, 28, 28, 1) and output ``logits``
        (B, labels).

    Raises:
        ConfigError: The name is unknown.
    """
    return builder(name)(labels)


def macs(layer: keras.Layer) -> int:
    """Multiply-adds of a layer for one character; 0 where there is no convolution or dense layer."""
    if not isinstance(layer, layers.Conv2D | layers.Dense):
        return 0
    positions = np.prod(layer.output.shape[1:-1], dtype=np.int64)
    return int(np.prod(layer.kernel.shape, dtype=np.int64) * positions)
