"""What looking at a frame costs before anything is read, step by step, on one thread.

    python benchmarks/frame_cost.py [--rounds 100]

A 1280x720 frame with four marks and regions of several sizes, with sensor noise that differs from frame to frame.
"""

import argparse
import itertools
import platform
import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np

from ocr_edge.alignment.align import Aligner
from ocr_edge.config.settings import Mark, Picture
from ocr_edge.contract.types import Image
from ocr_edge.geometry import rectify, transform
from ocr_edge.regions import mask, quality
from ocr_edge.regions.change import ChangeDetector

SIZE = (720, 1280)
MARKS = tuple(
    Mark(box=box) for box in ((60, 60, 64, 64), (1150, 70, 64, 64), (70, 580, 64, 64), (1150, 590, 64, 64))
)
REGIONS = {"200x60": (200, 60), "600x200": (600, 200), "1280x720": SIZE[::-1]}


def scene() -> Image:
    """A table with dark and bright things on it."""
    random = np.random.default_rng(1)
    image = np.full((*SIZE, 3), (150, 165, 170), np.uint8)
    for _ in range(1500):
        corner = random.integers((0, 0), SIZE[::-1])
        colour = tuple(int(value) for value in random.integers(0, 255, 3))
        cv2.rectangle(image, corner.tolist(), (corner + random.integers(6, 24, 2)).tolist(), colour, -1)
    return image


def noisy(image: Image, seed: int) -> Image:
    """The same seen by a sensor."""
    noise = np.random.default_rng(seed).normal(0, 2, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def median_ms(action: Callable[[Image], object], frames: list[Image], rounds: int) -> float:
    """Median milliseconds of an action on frames in turn."""
    action(frames[0])
    times = []
    for frame in itertools.islice(itertools.cycle(frames), rounds):
        started = time.perf_counter()
        action(frame)
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    image = scene()
    frames = [noisy(image, seed) for seed in range(4)]
    print(
        f"{platform.machine()}, OpenCV {cv2.__version__}, one thread, median of {rounds}\n\n| step | ms |\n|---|---|"
    )

    def row(name: str, action: Callable[[Image], object], shown: list[Image] = frames) -> None:
        print(f"| {name} | {median_ms(action, shown, rounds):.2f} |")

    for count in (1, 2, 4):
        aligner = Aligner(image, MARKS[:count], 0.1, 0.7)
        row(f"align: {count} marks, nothing moved", aligner.align)
    moved = cv2.warpPerspective(image, transform.similarity(8, 1.05, (640, 360), (60, -40)), SIZE[::-1])
    row(
        "align: 4 marks, found again after a bump",
        lambda frame: Aligner(image, MARKS, 0.1, 0.7).align(frame),
        [moved],
    )
    row("of that: checking the marks at the start", lambda _: Aligner(image, MARKS, 0.1, 0.7))
    lost = Aligner(image, MARKS, 0.1, 0.7)
    row("align: 4 marks, lost", lost.align, [np.ascontiguousarray(image[::-1])])
    for name, (width, height) in REGIONS.items():
        left, top = (SIZE[1] - width) / 2, (SIZE[0] - height) / 2
        upright = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
        tilted = transform.apply(transform.similarity(3, 0.98, (640, 360), (2.3, 1.4)), upright)
        row(f"cut {name}, upright", lambda frame, quad=upright: rectify.rectify(frame, quad))
        row(f"cut {name}, tilted", lambda frame, quad=tilted: rectify.rectify(frame, quad))
        crops = [rectify.rectify(frame, upright).image for frame in frames]
        detector = ChangeDetector(0.04)
        detector.keep(crops[0])
        row(f"change {name}", detector.changed, crops)
        row(f"quality {name}", lambda crop: quality.judge(crop, Picture()), crops)
    row("blacken outside of one region", lambda frame: mask.outside(frame, [np.array(upright) / 2]))


if __name__ == "__main__":
    main()
