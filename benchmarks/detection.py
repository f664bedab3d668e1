"""How well lines are found: precision, recall and F of a bundle's detector, beside RapidOCR's by the same code.

    python benchmarks/detection.py --bundle B scenes:DATA/icdar2015_scenes.tar#test scenes:DATA/sroie_pages.tar#test
        [--peers-python PEERS/bin/python]

The rule is that of ICDAR 2015: an outline is found where one that was said shares more than half of the area of both
together; what nobody can read is neither right nor wrong. "one look" is the network's map of the whole picture at one
size, as training measures it; "as used" is all looks, with doubles left out; "lines" has the pieces joined. Sets whose
truth is words count a line of several words as missed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from lib.report import header, machine, percent, save, table
from lib.systems.ours import about_bundle
from ocr_edge.bundles.load import Bundle, load
from ocr_edge.contract.types import Image
from ocr_edge.detect.detector import Detector
from ocr_edge.detect.network import text_map
from ocr_edge.errors import OcrEdgeError
from ocr_train.scenes import boxed
from ocr_train.scenes.boxed import NONE, SceneSet
from ocr_train.scenes.evaluate import device_finder
from ocr_train.scenes.matching import Found, matched
from ocr_train.scenes.sheet import Quads

USAGE = 2
SIZES = ((320, 320), (480, 640), (960, 1280))
"""Heights and widths at which the network alone is timed."""
RUNS = 15
COLUMNS = ("set", "system", "n", "outlines", "precision", "recall", "F", "CPU ms, median")
Find = Callable[[Image], tuple[Quads, float]]
"""From an RGB picture to outlines, and the CPU seconds that it took."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    cv2.setNumThreads(1)
    facts = machine()
    try:
        bundle = load(args.bundle)
        finders = ours(bundle)
        sets = [boxed.load(spec) for spec in args.sets]
    except OcrEdgeError as error:
        print(f"detection.py: {error}", file=sys.stderr)
        return USAGE
    abouts: dict[str, Any] = {"ocr-edge": about_bundle(bundle)}
    with tempfile.TemporaryDirectory() as folder:
        if args.peers_python:
            peer, about = rapidocr(args.peers_python, Path(folder))
            abouts["rapidocr"] = about
            finders |= {"RapidOCR": peer} if peer else {}
        rows = [row for scenes in sets for row in measured(scenes, finders)]
    speed = [(f"{h}x{w}", f"{1e3 * alone(bundle, (h, w)):.1f}") for h, w in SIZES]
    shown = [[*map(str, row[:4]), *map(percent, row[4:7]), f"{row[7]:.1f}"] for row in rows]
    print(f"{header(facts, abouts)}\n\n{table(COLUMNS, shown, 2)}\n")
    print(table(("network alone", f"CPU ms, least of {RUNS}"), speed))
    if args.json:
        kept = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        save(args.json, {"machine": facts, "sets": kept, "speed": dict(speed)})
    return 0


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("sets", nargs="+", metavar="SPEC", help="scenes:PATH#split")
    made.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="one with a detector")
    made.add_argument("--peers-python", metavar="PYTHON", help="interpreter of an environment with rapidocr")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    return made


def ours(bundle: Bundle) -> dict[str, Find]:
    """The bundle's detector in its three ways.

    Raises:
        ModelError: It has none.
    """
    detector = Detector(bundle)
    one = device_finder(bundle.detectors[0])
    ways: dict[str, Callable[[Image], Quads]] = {
        "ocr-edge, one look": one,
        "ocr-edge, as used": lambda image: detector.detect(image).quads,
        "ocr-edge, lines": lambda image: np.array(
            [line.quad for line in detector.detect(image).lines()] or NONE
        ),
    }
    return {name: _timed(way) for name, way in ways.items()}


def _timed(find: Callable[[Image], Quads]) -> Find:
    def timed(image: Image) -> tuple[Quads, float]:
        began = time.process_time()
        return find(image), time.process_time() - began

    return timed


def rapidocr(python: str, folder: Path) -> tuple[Find | None, dict[str, Any]]:
    """RapidOCR's detector in another environment, and its versions; None, and why, where it is not there."""
    script = Path(__file__).parent / "lib/systems/boxes.py"
    process = subprocess.Popen([python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    first = json.loads(process.stdout.readline() or '{"unavailable": "it ended at once"}')
    if "about" not in first:
        print(f"detection.py: rapidocr: {first['unavailable']}", file=sys.stderr)
        return None, {}
    path = folder / "picture.png"

    def find(image: Image) -> tuple[Quads, float]:
        cv2.imwrite(str(path), np.ascontiguousarray(image[..., ::-1]))
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        return np.array(answer["quads"] or NONE, np.float32), float(answer["cpu_s"])

    return find, first["about"]


def measured(scenes: SceneSet, finders: dict[str, Find]) -> list[tuple[Any, ...]]:
    """A row of ``COLUMNS`` for each system; they take turns picture by picture."""
    counts = dict.fromkeys(finders, Found())
    times: dict[str, list[float]] = {name: [] for name in finders}
    for scene in scenes.scenes:
        for name, find in finders.items():
            found, seconds = find(scene.image)
            counts[name] += matched(found, scene.quads, scene.ignored)
            times[name].append(1e3 * seconds)
    n = len(scenes.scenes)
    return [
        (scenes.name, name, n, c.there, c.precision, c.recall, c.f, median(times[name]))
        for name, c in counts.items()
    ]


def alone(bundle: Bundle, size: tuple[int, int]) -> float:
    """CPU seconds of the network for a picture of a size, the least of several runs."""
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    text_map(bundle.detectors[0], image)
    took = []
    for _ in range(RUNS):
        began = time.process_time()
        text_map(bundle.detectors[0], image)
        took.append(time.process_time() - began)
    return min(took)


if __name__ == "__main__":
    sys.exit(main())
