"""A bundle's line stage alone: errors on held-out lines, in int8 and in float, and milliseconds a strip by width.

    python benchmarks/line_stage.py --bundle B --float runs/x/model.keras 'words:lines.tar?case=ignored#validation'

Both networks read the same lines with their likeliest way alone: no pattern, no words, no second stage. The int8 one
runs in the device's own code. Lines wider than the widest strip are cut there, and squeezed for the float network.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from lib.networks.cpu_time import in_turns
from lib.picture_sets import spread
from lib.report import header, interval, machine, percent, save, table
from lib.scoring import Score, as_written, judge, normalise, score, wilson
from lib.systems.ours import about_bundle
from ocr_edge.bundles.load import Bundle, load
from ocr_edge.contract.preprocess import LINE_HEIGHT
from ocr_edge.contract.types import Image, Scores
from ocr_edge.decode import ctc
from ocr_edge.errors import ConfigError, OcrEdgeError
from ocr_edge.recognize.lines import LineRecognizer, run
from ocr_train.datasets import words
from ocr_train.datasets.words import LineSet

USAGE = 2
MACS_WIDTH = 128
"""Columns of the strip that a manifest's count of multiply-adds is for."""
ALL = "all"
SET_COLUMNS = ("lines", "network", "n", "CER", "95 %", "exact", "95 %", "same text", "95 %")
WIDTH_COLUMNS = ("strip", "n", "CPU ms", "10 to 90 %", "MMAC", "GMAC/s")

Reader = Callable[[Sequence[Image]], list[str]]
"""The texts of lines, given as uint8 RGB, shape ``(H, W, 3)``."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one network reads of one set.

    Attributes:
        lines: The set's name.
        network: ``int8`` or ``float``, as its manifest or its file says.
        score: Errors and shares, as far as the truth tells.
        same: How many texts are those of the first network, as they are written.
    """

    lines: str
    network: str
    score: Score
    same: int


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    facts = machine()
    cv2.setNumThreads(1)
    try:
        bundle = load(args.bundle)
        recognizer = LineRecognizer(bundle)
        sets = [limited(words.load(text), args.limit) for text in args.data]
        stage = recognizer.stage
        readers = {stage.quantization: on_device(recognizer)}
        if args.float:
            readers["float"] = in_keras(args.float, stage.labels, stage.widths)
        measured = compared(sets, readers, stage.labels)
        widths = [] if args.repetitions == 0 else costs(bundle, args.repetitions)
    except OcrEdgeError as error:
        print(f"line_stage.py: {error}", file=sys.stderr)
        return USAGE
    text = f"{header(facts, {'bundle': about_bundle(bundle)})}\n"
    for columns, lines in ((SET_COLUMNS, set_rows(measured)), (WIDTH_COLUMNS, width_rows(widths))):
        text += f"\n{table(columns, lines, 2 if columns is SET_COLUMNS else 1)}\n" if lines else ""
    print(text, end="")
    save(args.markdown, text)
    save(args.json, {"machine": facts, "lines": [asdict(one) for one in measured], "widths": widths})
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add(
        "data",
        nargs="*",
        metavar="SPEC",
        help="words:PATH[?case=ignored&marks=ignored][#split]; see ocr-train",
    )
    add("--bundle", type=Path, metavar="B", help="default: the shipped one")
    add("--float", type=Path, metavar="KERAS", help="the trained network; needs TensorFlow")
    add("--limit", type=int, default=0, metavar="N", help="at most N lines a set, spread evenly")
    add("--repetitions", type=int, default=50, metavar="N", help="of each width; 0: no times (default: 50)")
    add("--json", type=Path, metavar="FILE", help="every number")
    add("--markdown", type=Path, metavar="FILE", help="the tables that are printed")
    return result


def limited(lines: LineSet, most: int) -> LineSet:
    """At most so many lines of a set, spread evenly; 0 for all."""
    return LineSet(lines.name, spread(lines.samples, most), lines.case, lines.marks)


def on_device(recognizer: LineRecognizer) -> Reader:
    """The bundle's stage in the device's own code."""
    return lambda images: [
        likeliest(recognizer.recognize(image).scores, recognizer.labels) for image in images
    ]


def in_keras(path: Path, labels: Sequence[str], widths: Sequence[int]) -> Reader:
    """A trained network in Keras, on the same strips.

    Raises:
        ConfigError: It cannot be loaded, or has another number of labels.
    """
    from ocr_train.commands.common import load_keras

    load_keras()  # first: it keeps TensorFlow quiet
    import ocr_train.architectures  # noqa: F401 - its layers must be known before a network is loaded
    from ocr_convert import trained
    from ocr_train.strips import evaluate

    model = trained.load(path).model
    if model.output_shape[-1] != len(labels) + 1:
        raise ConfigError(f"{path}: has {model.output_shape[-1]} outputs, the stage needs {len(labels) + 1}")

    def read(images: Sequence[Image]) -> list[str]:
        said = [""] * len(images)
        for row, scores in evaluate.logits(model, images, list(widths)):
            said[row] = likeliest(scores, labels)
        return said

    return read


def likeliest(scores: Scores, labels: Sequence[str]) -> str:
    """The text of the best way: float32 scores of shape ``(T, labels + 1)``, blank last."""
    return "".join(labels[index] for index in ctc.greedy(scores)[0])


def compared(sets: Sequence[LineSet], readers: dict[str, Reader], labels: Sequence[str]) -> list[Measured]:
    """What every network reads of every set, and of all together; the first one is what others are compared with."""
    pooled: dict[str, tuple[list[Any], int]] = {name: ([], 0) for name in readers}
    found = []
    for lines in sets:
        said = {name: read([s.image for s in lines.samples]) for name, read in readers.items()}
        first = next(iter(said.values()))
        for name, texts in said.items():
            pairs = zip(lines.samples, texts, strict=True)
            judged = [
                judge(kept(s.text, lines, labels), kept(text, lines, labels), "exact") for s, text in pairs
            ]
            same = sum(one == other for one, other in zip(first, texts, strict=True))
            found.append(Measured(lines.name, name, score(judged), same))
            pooled[name] = (pooled[name][0] + judged, pooled[name][1] + same)
    if len(sets) > 1:
        found += [Measured(ALL, name, score(judged), same) for name, (judged, same) in pooled.items()]
    return found


def kept(text: str, lines: LineSet, labels: Sequence[str]) -> str:
    """As much of a text as the set's truth can tell."""
    count = as_written if lines.marks else normalise
    return count(text, labels, ignore_case=not lines.case)


def costs(bundle: Bundle, repetitions: int) -> list[dict[str, Any]]:
    """CPU time of a filled strip of each width, taken in turns, one thread; what is on it costs the network nothing.

    Args:
        bundle: With a line stage.
        repetitions: Counted runs of each width, after one that is not.
    """
    stage, networks = bundle.manifest.lines[0], bundle.lines[0]
    random = np.random.default_rng(0)

    def action(width: int) -> Callable[[], object]:
        network = networks.holding(width)[1]
        rgb = random.integers(0, 256, (LINE_HEIGHT, width, 3), np.uint8)
        binary = random.integers(0, 2, (LINE_HEIGHT, width, 1), np.uint8) * np.uint8(255)
        return lambda: run(network, rgb, binary)

    seconds = in_turns({str(width): action(width) for width in stage.widths}, repetitions)
    return [
        {
            "width": width,
            "ms": [1000 * second for second in seconds[str(width)]],
            # Convolutions alone: multiply-adds grow with the width.
            "mmacs": stage.macs * width / MACS_WIDTH / 1e6,
        }
        for width in stage.widths
    ]


def set_rows(measured: Sequence[Measured]) -> list[list[str]]:
    """A line of the table for each network on each set."""
    first = measured[0].network if measured else ""
    rows = []
    for one in measured:
        n = one.score.n
        same = ["-", ""] if one.network == first else [percent(one.same / n), interval(wilson(one.same, n))]
        errors = [percent(one.score.cer), interval(one.score.cer_interval)]
        exact = [percent(one.score.rate), interval(one.score.interval)]
        rows.append([one.lines, one.network, str(n), *errors, *exact, *same])
    return rows


def width_rows(widths: Sequence[dict[str, Any]]) -> list[list[str]]:
    """A line of the table for each width."""
    rows = []
    for one in widths:
        middle = median(one["ms"])
        fast, slow = np.percentile(one["ms"], [10, 90])
        rate = one["mmacs"] / middle if middle else float("nan")
        sizes = [f"{one['mmacs']:.1f}", f"{rate:.0f}"]
        rows.append(
            [
                f"{LINE_HEIGHT}x{one['width']}",
                str(len(one["ms"])),
                f"{middle:.3f}",
                f"{fast:.3f} to {slow:.3f}",
                *sizes,
            ]
        )
    return rows


if __name__ == "__main__":
    sys.exit(main())
