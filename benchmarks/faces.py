"""Draw ``edge/ocr_edge/rolling/digits.png``: the digits of some faces, which parts of digits are compared with.

    python benchmarks/faces.py edge/ocr_edge/rolling/digits.png

A row a face, 0 to 9 from left to right, each 24 rows high in a square of 32. None of the faces is one that
``counters.py`` draws.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from lib.drawn.ink import NoFontError, font_file, printed
from ocr_edge.rolling.faces import ROWS, SHEET_CELL

FAMILIES = ("FreeSans", "Hack", "Inconsolata", "Noto Serif", "DejaVu Serif", "Quicksand", "Cabin")
"""Free faces that are packaged by Debian: round and narrow, with and without serifs."""
EM = 240
"""Pixels of an em before scaling."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    args = parser().parse_args(argv)
    try:
        rows = [_row(font_file(family, style)) for family in FAMILIES for style in ("Regular", "Bold")]
    except NoFontError as error:
        print(f"faces.py: {error}", file=sys.stderr)
        return 1
    args.out.write_bytes(cv2.imencode(".png", np.vstack(rows))[1].tobytes())
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("out", type=Path, metavar="OUT.png", help="the sheet")
    return result


def _row(file: Path) -> np.ndarray:
    row = np.zeros((SHEET_CELL, 10 * SHEET_CELL), np.uint8)
    above = (SHEET_CELL - ROWS) // 2
    for digit in range(10):
        ink = printed(str(digit), file, EM)
        width = max(2, min(SHEET_CELL - 2, round(ink.shape[1] * ROWS / ink.shape[0])))
        scaled = cv2.resize(ink, (width, ROWS), interpolation=cv2.INTER_AREA)
        left = digit * SHEET_CELL + (SHEET_CELL - width) // 2
        row[above : above + ROWS, left : left + width] = np.clip(scaled * 255, 0, 255)
    return row


if __name__ == "__main__":
    sys.exit(main())
