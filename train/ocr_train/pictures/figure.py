"""Figures without a window and without global state, saved whole or not at all."""

from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

DPI = 100


def figure(width: float, height: float) -> Any:
    """An empty figure of a size in pixels."""
    made = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    FigureCanvasAgg(made)
    return made


def save(made: Any, path: Path, colours: int = 0) -> None:
    """Write a figure as PNG; its folder is made where it is missing.

    Args:
        made: The figure.
        path: The file.
        colours: Most colours it keeps, up to 256, which makes the file small; 0 keeps all.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    made.savefig(part, format="png", dpi=DPI)
    if colours:
        with Image.open(part) as picture:
            picture.convert("RGB").quantize(colours).save(part, format="png", optimize=True)
    part.replace(path)
