"""What several frames of the same text know that one frame does not.

    python benchmarks/fusion.py --data DIR [--sets iiit5k_words orand_strings] [--limit 100]

Each picture becomes nine frames that differ as those of a camera do: moved by up to a pixel, scaled by up to 3 %, a
little blurred, lighter or darker, with sensor noise. They are read one by one, and fused by the stabilizer as the
daemon does. The split is ``validation``: what was chosen here must not be reported on test pictures.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from lib import picture_sets
from lib.scoring import judge, normalise
from ocr_edge.bundles import load as bundles
from ocr_edge.config.settings import Stabilize
from ocr_edge.contract.types import Image
from ocr_edge.pipeline import Pipeline
from ocr_edge.regions.stabilize import Stabilizer
from ocr_edge.sources import pictures

FRAMES = 9
AFTER = (3, 9)
LIMITS = (0.7, 0.9, 0.97)


def frames(image: Image, random: np.random.Generator) -> Iterator[Image]:
    """The picture as a camera would show it again and again."""
    height, width = image.shape[:2]
    for _ in range(FRAMES):
        scale = random.uniform(0.97, 1.03)
        matrix = np.array([(scale, 0, random.uniform(-1, 1)), (0, scale, random.uniform(-1, 1))])
        moved = cv2.warpAffine(
            image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        sigma = random.uniform(0, 0.8)
        if sigma > 0.2:
            moved = cv2.GaussianBlur(moved, (0, 0), sigma)
        noisy = moved * random.uniform(0.85, 1.1) + random.normal(0, 4, image.shape)
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def summary(right: list[bool], confidence: list[float]) -> dict[str, object]:
    """Accuracy, and precision and coverage of what is at least so sure."""
    good, sure = np.array(right), np.array(confidence)
    above = {
        str(limit): {
            "precision": round(float(good[sure >= limit].mean()), 3) if (sure >= limit).any() else None,
            "coverage": round(float((sure >= limit).mean()), 3),
        }
        for limit in LIMITS
    }
    return {
        "n": len(good),
        "exact": round(float(good.mean()), 4),
        "confidence": round(float(sure.mean()), 3),
        "above": above,
    }


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["iiit5k_words", "orand_strings"])
    parser.add_argument("--limit", type=int, default=100, help="pictures of each set")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    pipeline = Pipeline(bundles.load(), min_confidence=0.0)
    random = np.random.default_rng(0)
    single: tuple[list[bool], list[float]] = ([], [])
    fused: dict[int, tuple[list[bool], list[float]]] = {count: ([], []) for count in AFTER}
    for name in args.sets:
        with picture_sets.PictureSet(args.data, name) as opened:
            for example in opened.examples("validation", args.limit):
                truth = normalise(example.truth, pipeline.labels, ignore_case=opened.rules.ignore_case)

                def is_right(text: str, truth: str = truth, lower: bool = opened.rules.ignore_case) -> bool:
                    return judge(truth, normalise(text, pipeline.labels, ignore_case=lower), "exact").right

                stabilizer = Stabilizer(pipeline.labels, Stabilize())
                for index, frame in enumerate(frames(pictures.load(example.path), random), 1):
                    reading = pipeline.read(frame)
                    single[0].append(is_right(reading.text))
                    single[1].append(reading.confidence)
                    stabilizer.push(reading, index / 2)
                    if index in fused:
                        best = stabilizer.best()
                        fused[index][0].append(best is not None and is_right(best.text))
                        fused[index][1].append(best.confidence if best else 0.0)
    print(
        json.dumps(
            {"one frame": summary(*single), **{f"{n} frames": summary(*fused[n]) for n in AFTER}}, indent=1
        )
    )


if __name__ == "__main__":
    main()
