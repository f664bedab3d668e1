"""All pictures and numbers of one reading, written into its folder."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2

from ocr_edge.contract.types import Image
from ocr_edge.explain import candidates, decision, geometry, glyphs, ink, lattice, line_stage
from ocr_edge.explain.numbers import numbers
from ocr_edge.explain.trace import Trace
from ocr_edge.reading import Reading
from ocr_edge.sinks.base import writing

NUMBERS = "explain.json"


def write(trace: Trace, reading: Reading, folder: Path) -> None:
    """Write what explains a reading; earlier files of the same names are replaced.

    Args:
        trace: How the reading came to be.
        reading: The reading.
        folder: Made when missing.

    Raises:
        ConfigError: The folder cannot be made or written to.
    """
    draw: dict[str, Callable[[], Image]] = {
        "1-ink.png": lambda: ink.draw(trace),
        "2-candidates.png": lambda: candidates.draw(trace),
        "3-line-stage.png": lambda: line_stage.draw(trace),
        "4-glyphs.png": lambda: glyphs.draw(trace),
        "5-lattice.png": lambda: lattice.draw(trace),
        "6-geometry.png": lambda: geometry.draw(trace),
        "7-decision.png": lambda: decision.draw(trace, reading),
    }
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, picture in draw.items():
        data = cv2.imencode(".png", cv2.cvtColor(picture(), cv2.COLOR_RGB2BGR))[1].tobytes()
        with writing(folder / name):
            (folder / name).write_bytes(data)
    text = json.dumps(numbers(trace, reading), indent=1, ensure_ascii=False)
    with writing(folder / NUMBERS):
        (folder / NUMBERS).write_text(text + "\n", encoding="utf-8")
