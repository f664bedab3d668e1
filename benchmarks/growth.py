"""How the time of a picture grows with what it shows: pages of 0 to 40 lines of 10, 25 and 50 characters.

    python benchmarks/growth.py [--bundle B] [--repeat 7]

All pages are 1600x1200 pixels, so the detector's network takes the same time for each; what a line costs beyond it is
the slope of a straight line through the medians.
"""

import argparse
import random
import statistics
import time

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from columns import WORDS
from lib.report import header, machine, table
from ocr_edge import Reader
from ocr_edge.contract.types import Image as Picture

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SIZE, HEIGHT, PITCH, MARGIN = (1600, 1200), 20, 28, 40
"""Width and height of a page; height of the font, distance of two lines, and the page's margin, all in pixels."""
LINES = (0, 5, 10, 20, 40)
LENGTHS = (10, 25, 50)


def page(lines: int, length: int) -> Picture:
    """A white page with so many lines of words, each of about so many characters."""
    chance = random.Random(lines * 100 + length)
    image = Image.new("RGB", SIZE, "white")
    draw, font = ImageDraw.Draw(image), ImageFont.truetype(FONT, HEIGHT)
    for row in range(lines):
        text = " ".join(chance.choices(WORDS, k=length))[:length].strip()
        draw.text((MARGIN, MARGIN + row * PITCH), text, "black", font=font)
    return np.asarray(image, np.uint8)


def milliseconds(reader: Reader, image: Picture, repeat: int) -> tuple[float, int]:
    """CPU ms of a reading, the median of several, and the lines that it says."""
    taken = []
    for _ in range(repeat):
        start = time.process_time()
        found = reader.read(image)
        taken.append(1e3 * (time.process_time() - start))
    return statistics.median(taken), len(found.lines)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", help="name or folder (default: the shipped one)")
    parser.add_argument(
        "--repeat", type=int, default=7, metavar="N", help="readings of each page (default: 7)"
    )
    args = parser.parse_args()
    reader = Reader(args.bundle)
    pages = {(length, count): page(count, length) for length in LENGTHS for count in LINES}
    milliseconds(reader, pages[LENGTHS[-1], LINES[-1]], 1)  # the first reading allocates
    rows = []
    for length in LENGTHS:
        found = [milliseconds(reader, pages[length, count], args.repeat) for count in LINES]
        slope, _ = np.polyfit([said for _, said in found], [ms for ms, _ in found], 1)
        cells = [f"{ms:.1f} ({said})" for ms, said in found]
        rows.append([str(length), *cells, f"{slope:.2f}", f"{1e3 * slope / length:.0f}"])
    print(header({**machine(), "readings of each page": str(args.repeat)}, {}))
    print()
    heads = ["characters a line", *(f"{count} lines" for count in LINES), "ms a line", "µs a character"]
    print(table(heads, rows))
    print("\nCPU ms of a reading, median; in brackets the lines that it says.")


if __name__ == "__main__":
    main()
