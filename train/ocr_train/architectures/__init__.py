"""Networks by name. Each takes ``rgb`` and ``binary`` pixels, 0..255, and gives ``logits``."""

from collections.abc import Callable

import keras

from ocr_edge.errors import ConfigError
from ocr_train.architectures import dual_branch

ARCHITECTURES: dict[str, Callable[[int], keras.Model]] = {"dual_branch": dual_branch.build}
"""Builders by name; each takes the number of labels."""


def build(name: str, labels: int) -> keras.Model:
    """Build an untrained network.

    Args:
        name: A key of ``ARCHITECTURES``.
        labels: How many classes it tells apart.

    Returns:
        A model with inputs ``rgb`` (B, 28, 28, 3) and ``binary`` (B, 28, 28, 1) and output ``logits`` (B, labels).

    Raises:
        ConfigError: The name is unknown.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"architecture {name!r} is unknown; known are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name](labels)
