"""What a measured system is, and how one is opened. Nothing is imported for those that are not measured."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

SYSTEMS = {
    "ocr-edge": ("ours", "Ours"),
    "characters": ("ours", "Characters"),
    "tesseract": ("peers", "Tesseract"),
    "rapidocr": ("peers", "RapidOcr"),
}
"""Module of this package and class of each system."""


class UnavailableError(Exception):
    """A system is not installed, or lacks its models."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Raw pixels; bytes, so that a peer need not carry NumPy in its memory for our sake.

    Attributes:
        height: Rows.
        width: Columns.
        data: RGB bytes, row by row.
        layout: What it shows; see ``picture_sets.Layout``.
        pattern: What its owner knows of the text's form; only ours can use it.
        check: Name of the check digit that goes with it.
    """

    height: int
    width: int
    data: bytes
    layout: str
    pattern: str = ""
    check: str = ""

    def array(self) -> Any:
        """uint8, shape ``(H, W, 3)``, RGB."""
        import numpy as np

        return np.frombuffer(self.data, np.uint8).reshape(self.height, self.width, 3)


class System(Protocol):
    """Something that reads pictures.

    Attributes:
        about: Names and versions of its parts.
    """

    about: dict[str, str]

    def read(self, picture: Picture) -> tuple[str, Mapping[str, float]]:
        """The text of a picture, and the milliseconds of its steps where they are known."""


def open_system(name: str, **options: Any) -> System:
    """Load a system, ready to read.

    Raises:
        UnavailableError: It is not installed, or lacks its models.
    """
    module, kind = SYSTEMS[name]
    system: System = getattr(importlib.import_module(f"{__name__}.{module}"), kind)(**options)
    return system


def imported(name: str) -> Any:
    """A module that need not be there.

    Raises:
        UnavailableError: It cannot be imported.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UnavailableError(f"not installed ({error})") from error
