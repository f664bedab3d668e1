"""Where the milliseconds of one reading go: by step, and by function.

    python benchmarks/frame_profile.py [--repetitions 30] [--picture FILE]

A drawn frame of 1280x720 with three lines, and one line cut out of it; or yours. Steps are medians of plain readings;
functions come from cProfile, which makes Python's calls slower than they are: their order says more than their times.
"""

import argparse
import cProfile
import pstats
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import ocr_edge.sources  # noqa: F401 - first: it holds settings that OpenCV reads when it is loaded
from lib.drawn import page

# isort: split
import cv2

from lib.our_lines import open_pipeline
from lib.report import header, machine, save, table
from lib.systems.ours import about_bundle
from ocr_edge.errors import CaptureError, OcrEdgeError
from ocr_edge.pipeline import Pipeline
from ocr_edge.sources import pictures

FRAME = (720, 1280)
CROP = (slice(65, 155), slice(440, 840))
"""The first line of the frame."""
TOP = 12
USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; the exit code."""
    args = parser().parse_args(argv)
    cv2.setNumThreads(1)
    facts = machine()
    try:
        bundle, pipeline = open_pipeline(args.bundle)
        shown = images(args.picture)
    except (OcrEdgeError, CaptureError, page.NoFontError) as error:
        print(f"frame_profile.py: {error}", file=sys.stderr)
        return USAGE
    parts, values = [header(facts, {"ocr-edge": about_bundle(bundle)})], {}
    for name, image in shown.items():
        steps = by_step(pipeline, image, args.repetitions)
        functions = by_function(pipeline, image, args.repetitions)
        said = pipeline.read(image)
        characters = sum(len(line.characters) for line in said.lines)
        title = (
            f"{name}, {image.shape[1]}x{image.shape[0]}, {characters} characters, lines: {len(said.lines)}"
        )
        parts += [f"### {title}", steps_table(steps), functions_table(functions, args.repetitions)]
        values[name] = {"steps": steps, "functions": functions, "said": said.text}
    text = "\n\n".join(parts) + f"\n\nn = {args.repetitions} readings each, after one that does not count.\n"
    print(text, end="")
    save(args.markdown, text)
    save(args.json, {"machine": facts, "pictures": values})
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("--picture", type=Path, metavar="FILE", help="profile this instead of the drawn pictures")
    add("--bundle", type=Path, metavar="B", help="default: the shipped one")
    add("--repetitions", type=int, default=30, metavar="N", help="readings of each (default: 30)")
    add("--json", type=Path, metavar="FILE", help="every number")
    add("--markdown", type=Path, metavar="FILE", help="the tables that are printed")
    return result


def images(path: Path | None) -> dict[str, page.Image]:
    """The pictures to profile by name.

    Raises:
        CaptureError: The file cannot be read.
        NoFontError: There is nothing to draw with.
    """
    if path is not None:
        return {path.name: pictures.load(path)}
    frame = page.picture(FRAME)
    return {"A frame": frame, "A crop of one line": frame[CROP].copy()}


def by_step(pipeline: Pipeline, image: page.Image, repetitions: int) -> dict[str, float]:
    """Median milliseconds of each step, ``total`` last, after one reading that does not count."""
    pipeline.read(image)
    runs = [pipeline.read(image).timing_ms for _ in range(repetitions)]
    return {step: median(run.get(step, 0.0) for run in runs) for step in runs[0]}


def by_function(pipeline: Pipeline, image: page.Image, repetitions: int) -> list[dict[str, Any]]:
    """The functions that took the most time themselves: name, calls, own and cumulative seconds in all readings."""
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(repetitions):
        pipeline.read(image)
    profile.disable()
    entries = pstats.Stats(profile).stats.items()  # type: ignore[attr-defined]
    functions = [
        {"name": named(*key), "calls": calls, "own_s": own, "with_called_s": cumulative}
        for key, (_, calls, own, cumulative, _) in entries
    ]
    return sorted(functions, key=lambda function: function["own_s"], reverse=True)


def named(file: str, line: int, function: str) -> str:
    """A function as people would call it: its module and name; built-in ones without brackets and addresses."""
    if file == "~":
        inner = function.strip("<>").removeprefix("built-in method ").removeprefix("method ")
        return inner.partition(" at 0x")[0].replace("'", "")
    parts = Path(file).with_suffix("").parts[-2:]
    return f"{'.'.join(part for part in parts if part != '__init__')}.{function}:{line}"


def steps_table(steps: dict[str, float]) -> str:
    """Milliseconds and share of each step."""
    total = steps.get("total") or sum(steps.values())
    known = sum(ms for step, ms in steps.items() if step != "total")
    lines = {step: ms for step, ms in steps.items() if step != "total"} | {
        "the rest": max(total - known, 0.0),
        "in all": total,
    }
    return table(
        ("step", "ms", "share"), [[s, f"{ms:.2f}", f"{100 * ms / total:.0f} %"] for s, ms in lines.items()]
    )


def functions_table(functions: Sequence[dict[str, Any]], repetitions: int) -> str:
    """The first of them, per reading."""
    whole = sum(function["own_s"] for function in functions) or 1.0
    rows = [
        [
            f"`{one['name']}`",
            f"{one['calls'] / repetitions:.0f}",
            f"{1000 * one['own_s'] / repetitions:.2f}",
            f"{100 * one['own_s'] / whole:.0f} %",
            f"{1000 * one['with_called_s'] / repetitions:.2f}",
        ]
        for one in functions[:TOP]
    ]
    return table(("function", "calls", "ms of its own", "share", "ms with what it calls"), rows)


if __name__ == "__main__":
    sys.exit(main())
