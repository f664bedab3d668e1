"""Pages of running text in columns with narrow gutters: characters wrong, their order included.

    python benchmarks/columns.py [--bundle B]

Eight justified or ragged pages as drawn, and eight more, turned, with noise or in black and white alone. What
matters is the order: a line read over both columns mixes them.
"""

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lib.report import header, machine, table
from ocr_edge import Reader
from ocr_train.editing import edit_distance

FONTS = [f"/usr/share/fonts/truetype/dejavu/DejaVu{name}.ttf" for name in ("Serif", "Sans")]
ROWS, WIDTH, LEADING, MARGIN = 40, 2200, 1.35, 100
PLAIN = [
    (2, 2.0, 1),
    (2, 1.2, 1),
    (2, 0.9, 1),
    (2, 0.7, 0),
    (3, 1.5, 1),
    (3, 1.0, 1),
    (3, 0.8, 0),
    (3, 1.2, 0),
]
"""Columns, gutter in sizes of the font, and whether lines are justified."""
TURNED = [
    *[(2, 0.9, 1, 0.6, 34), (2, 0.7, 1, -0.5, 30), (3, 0.9, 1, 0.4, 26), (2, 0.55, 1, 0, 34)],
    *[(3, 0.7, 1, 0, 30), (2, 1.0, 1, 1.2, 40), (4, 1.0, 1, 0, 24), (2, 0.5, 0, 0, 34)],
]
"""The same, with degrees that the page is turned by, and the size of the font in pixels."""
TEXT = (
    "the of and to in that was his he it with is for as had you not be her on at by which have or from this him but all"
    " she they were my are me one their so an said them we who would been will no when there if more out up into do any"
    " your what has man could other than our some very time upon about may its only now like little then can should"
    " made did us such great before must two these see know over much down after first good men own never most old"
    " shall day where those came come himself way work life without go make well through being long say might how am"
    " too def part even off found house right think world between three"
)
WORDS = TEXT.split()


def page(seed: int, columns: int, gutter: float, size: int, *, justified: bool) -> tuple[np.ndarray, str]:
    """A grey page, uint8 of shape ``(H, W)``, and its text in reading order."""
    chance = random.Random(seed)
    font = ImageFont.truetype(chance.choice(FONTS), size)
    pitch = int(size * LEADING)
    image = Image.new("L", (WIDTH, ROWS * pitch + 2 * MARGIN), chance.randint(235, 255))
    draw, said = ImageDraw.Draw(image), []
    wide = (WIDTH - 2 * MARGIN - gutter * size * (columns - 1)) / columns
    for column in range(columns):
        left = MARGIN + column * (wide + gutter * size)
        for row in range(ROWS):
            words, ends = [], row % 8 == 7
            while True:
                word = chance.choice(WORDS)
                word = word.capitalize() if not words and row % 8 == 0 else word
                if font.getlength(" ".join([*words, word])) > wide:
                    break
                words.append(word)
            if ends:
                words = words[: max(2, len(words) // 2)]
                words[-1] += "."
            said.append(" ".join(words))
            space = font.getlength(" ")
            if justified and not ends and len(words) > 1:
                space = (wide - sum(map(font.getlength, words))) / (len(words) - 1)
            x = left
            for word in words:
                draw.text((x, MARGIN + row * pitch), word, 20, font=font)
                x += font.getlength(word) + space
    return np.array(image), " ".join(said)


def pages() -> Iterator[tuple[str, np.ndarray, str]]:
    """Kind, picture and text of every page."""
    for seed, (columns, gutter, justified) in enumerate(PLAIN):
        yield ("as drawn", *page(seed, columns, gutter, 34, justified=bool(justified)))
    noise = np.random.default_rng(0)
    for number, (columns, gutter, justified, degrees, size) in enumerate(TURNED):
        image, text = page(100 + number, columns, gutter, size, justified=bool(justified))
        high, wide = image.shape
        turn = cv2.getRotationMatrix2D((wide / 2, high / 2), degrees, 1)
        image = cv2.GaussianBlur(cv2.warpAffine(image, turn, (wide, high), borderValue=245), (0, 0), 1)
        image = np.clip(image + noise.normal(0, 8, image.shape), 0, 255).astype(np.uint8)
        yield "turned", cv2.threshold(image, 150, 255, 0)[1] if number % 2 else image, text


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    reader = Reader(parser.parse_args().bundle)
    cv2.setNumThreads(1)
    found: dict[str, list[tuple[int, int, float]]] = {}
    for kind, image, text in pages():
        began = time.process_time()
        said = " ".join(reader.read(image).text.split())
        spent = time.process_time() - began
        found.setdefault(kind, []).append(
            (edit_distance(said.upper(), text.upper()), len(text), 1000 * spent)
        )
    rows = [
        [
            kind,
            str(len(each)),
            f"{100 * sum(e for e, _, _ in each) / sum(n for _, n, _ in each):.1f} %",
            f"{np.median([ms for _, _, ms in each]):.0f}",
        ]
        for kind, each in found.items()
    ]
    print(f"{header(machine(), {})}\n\n{table(('pages', 'n', 'characters wrong', 'CPU ms, median'), rows)}")


if __name__ == "__main__":
    main()
