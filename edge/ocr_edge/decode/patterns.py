r"""Patterns an owner knows a text to follow: one set of allowed characters a position.

``[A-Z]{3}\\d{4}`` is three capitals and four digits. Known are literal characters, ``[...]`` with ranges and a
leading ``^``, ``\\d``, ``\\w``, ``.`` for any label, and ``{n}`` after each of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge.errors import ConfigError

_ITEM = re.compile(r"(\\[dw.\\\[\]{}]|\[\^?[^\]]+\]|[^\\\[\]{}])(?:\{(\d+)\})?")
MAX_LENGTH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A text of fixed length.

    Attributes:
        text: The pattern as written.
        positions: For each position the indices of the labels it allows.
    """

    text: str
    positions: tuple[npt.NDArray[np.intp], ...]

    @classmethod
    def parse(cls, text: str, labels: Sequence[str]) -> "Pattern":
        """Read a pattern.

        Args:
            text: The pattern.
            labels: The labels it chooses from.

        Returns:
            The pattern over these labels.

        Raises:
            ConfigError: Where and why it cannot be read, or that a position allows no label.
        """
        positions: list[npt.NDArray[np.intp]] = []
        at = 0
        while at < len(text):
            item = _ITEM.match(text, at)
            if item is None:
                raise ConfigError(f"pattern {text!r}: cannot be read at position {at + 1}: {text[at:]!r}")
            allowed = np.array([i for i, label in enumerate(labels) if _allows(item[1], label)], np.intp)
            if not len(allowed):
                raise ConfigError(
                    f"pattern {text!r}: {item[1]!r} at position {at + 1} allows none of the bundle's labels"
                )
            positions += [allowed] * int(item[2] or 1)
            at = item.end()
        if not 1 <= len(positions) <= MAX_LENGTH:
            raise ConfigError(
                f"pattern {text!r}: describes {len(positions)} characters, expected 1 to {MAX_LENGTH}"
            )
        return cls(text, tuple(positions))


def _allows(item: str, label: str) -> bool:
    """Whether one item of a pattern allows a label."""
    if item in {r"\d", r"\w", "."} or (item.startswith("[") and item.endswith("]")):
        try:
            return re.fullmatch(item, label, re.ASCII) is not None
        except re.error:
            return False
    return item.removeprefix("\\") == label
