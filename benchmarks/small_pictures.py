"""Small pictures: plates and words of 113 to 200 rows, read by the detector, by the ink, and by both.

    python benchmarks/small_pictures.py DATA_DIR [--split validation] [--sets us_plate_photos …]

Such pictures are higher than a crop of one line, and text may fill them. Right is a picture in whose text the truth
stands, letters and digits in any case.
"""

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from lib import report
from lib.picture_sets import PictureSet
from ocr_edge.bundles.load import load
from ocr_edge.contract.types import Image
from ocr_edge.detect.scene_reader import SMALL
from ocr_edge.pipeline import Pipeline
from ocr_edge.recognize.places import Place
from ocr_edge.segment.segmenter import is_crop
from ocr_edge.sources import pictures
from ocr_edge.timing import Stopwatch

SETS = ("us_plate_photos", "openalpr_us_plate_crops", "icdar2013_words", "svt_words")
MOST = 60
"""Pictures of a set."""
LIMIT_S = 30.0
"""Seconds that a picture may take."""


class Both(Pipeline):
    """Reads small pictures with the search for ink beside the detector, as was done before."""

    def find(self, image: Image, watch: Stopwatch) -> list[Place]:
        """The lines of both."""
        return super().find(image, watch) + self._ink.read_scene(image, watch, time.perf_counter() + LIMIT_S)


class InkAlone(Pipeline):
    """Reads small pictures without the detector."""

    def find(self, image: Image, watch: Stopwatch) -> list[Place]:
        """The lines of the ink."""
        return self._ink.read_scene(image, watch, time.perf_counter() + LIMIT_S)


WAYS = {"detector, as the program does": Pipeline, "detector and ink": Both, "ink alone": InkAlone}


def small(name: str, data: Path, split: str) -> list[tuple[Image, str]]:
    """The small pictures of a set, with their text."""
    found = []
    with PictureSet(data, name) as opened:
        for example in opened.examples(split):
            image = pictures.load(example.path)
            if not is_crop(image.shape[:2]) and image.shape[0] <= SMALL and len(found) < MOST:
                found.append((image, letters(example.truth)))
    return found


def letters(text: str) -> str:
    """Letters and digits, in capitals."""
    return "".join(c for c in text.upper() if c.isalnum())


def main() -> int:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA_DIR")
    parser.add_argument("--split", default="validation", help="default: validation, by which this was chosen")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    bundle = load(args.bundle)
    readers = {name: kind(bundle, limit_s=LIMIT_S) for name, kind in WAYS.items()}
    rows = []
    for name in args.sets:
        examples = small(name, args.data, args.split)
        for way, reader in readers.items():
            right, took = 0, []
            for image, truth in examples:
                began = time.process_time()
                right += truth in letters(reader.read(image).text)
                took.append(time.process_time() - began)
            if examples:
                share = f"{100 * right / len(examples):.1f} %"
                rows.append([name, way, str(len(examples)), share, f"{1e3 * float(np.median(took)):.0f}"])
    print(report.header(report.machine(), {}))
    print()
    print(report.table(["set", "read by", "n", "right", "CPU ms"], rows, names=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
