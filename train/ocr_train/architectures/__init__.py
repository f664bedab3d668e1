"""Networks by name. Each takes ``rgb`` and ``binary`` pixels, 0..255, and gives ``logits``."""

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
from keras import layers

from ocr_edge.errors import ConfigError
from ocr_train.architectures import compact, dual_branch, dual_line, folded, text_map

_LEAN = partial(compact.build, stem=(2, 2), branch=32, middle_blocks=0, top=64, top_blocks=1, deep=112)
_LIGHT = partial(dual_line.build, body=(64, 128), tops=1, deep=256, tail="plain", blocks=3)

ARCHITECTURES: dict[str, Callable[[int], keras.Model]] = {
    "dual_branch": dual_branch.build,
    "compact": compact.build,
    "lean": _LEAN,
    "lean_stem32": partial(_LEAN, stem=(3, 2)),
    "lean_stem3": partial(_LEAN, stem=(3, 3), branch=24, deep=128),
    "lean_plain": partial(_LEAN, plain=True),
    "lean_late": partial(_LEAN, join="late"),
    "lean_rgb": partial(_LEAN, blind=("binary",)),
    "lean_binary": partial(_LEAN, blind=("rgb",)),
    "lean_shallow": partial(_LEAN, stem=(3, 3), branch=24, top=112, top_blocks=0),
    "wide": partial(compact.build, top=128, deep=192),
    "folded": folded.build,
    "folded_deep": partial(folded.build, top_blocks=2, deep=112),
}
"""Builders by name; each takes the number of labels. ``lean_*`` but ``lean_stem32``, ``wide`` and ``folded_deep``: for
comparison, docs/networks.md."""

LINES: dict[str, Callable[[int], keras.Model]] = {
    "dual_line": dual_line.build,
    "dual_line_plain": partial(dual_line.build, tops=1, tail="plain"),
    "dual_line_light": _LIGHT,
    "dual_line_light_wide": partial(_LIGHT, tail="wide"),
    "dual_line_rgb": partial(dual_line.build, blind=("binary",)),
}
"""Builders of networks that read lines; each takes the number of labels, the blank among them. All but ``dual_line``:
for comparison, docs/networks.md."""

DETECTORS: dict[str, Callable[[int], keras.Model]] = {
    "text_map": lambda labels: text_map.build(),
}
"""Builders of networks that see where text is; they name nothing, whatever number of labels they are given."""


def builder(name: str) -> Callable[[int], keras.Model]:
    """The builder of a network.

    Args:
        name: A key of ``ARCHITECTURES``, ``LINES`` or ``DETECTORS``.

    Raises:
        ConfigError: The name is unknown.
    """
    known = ARCHITECTURES | LINES | DETECTORS
    if name not in known:
        raise ConfigError(f"architecture {name!r} is unknown; known are {', '.join(known)}")
    return known[name]


def build(name: str, labels: int) -> keras.Model:
    """Build an untrained network.

    Args:
        name: A key of ``ARCHITECTURES``, ``LINES`` or ``DETECTORS``.
        labels: How many classes it tells apart.

    Returns:
        A model with inputs ``rgb`` (B, 28, 28, 3) and ``binary`` (B, 28, 28, 1) and output ``logits`` (B, labels);
        one that reads lines has inputs (B, 32, W, 3) and (B, 32, W, 1) and output (B, W / 4, labels); a detector has
        the input ``rgb`` (B, H, W, 3) and the output ``text`` (B, H / 4, W / 4, 1).

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
