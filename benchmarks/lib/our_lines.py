"""Ours in this process, for what a text alone does not tell: every line with its confidence."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import ocr_edge.sources  # noqa: F401 - first: it holds settings that OpenCV reads when it is loaded

# isort: split
import cv2

from lib.picture_sets import PictureSet, Rules
from lib.scoring import NOT_READ, Measure, judge, normalise
from lib.systems.ours import reader_switch, said_line
from ocr_edge.bundles.load import Bundle
from ocr_edge.bundles.load import load as load_bundle
from ocr_edge.decode.pattern import Pattern
from ocr_edge.errors import CaptureError
from ocr_edge.pipeline import Pipeline
from ocr_edge.sources import pictures


class MissingSwitchError(ValueError):
    """This version of ``Pipeline`` cannot be told what was asked for."""


@dataclass(frozen=True, slots=True)
class Said:
    """What ours found in one picture, however unsure.

    Attributes:
        name: The file's name within the set.
        truth: Its text as written down.
        lines: Text and confidence of each line, in reading order; ``NOT_READ`` stands for what could not be read.
    """

    name: str
    truth: str
    lines: tuple[tuple[str, float], ...]

    def text(self, min_confidence: float = 0.0) -> str:
        """What is said when lines must be so sure; a line with an unreadable character is none."""
        return "\n".join(self.sure(min_confidence))

    def sure(self, min_confidence: float) -> list[str]:
        """The lines that are said when they must be so sure."""
        return [text for text, sure in self.lines if sure >= min_confidence and NOT_READ not in text]

    def right(self, min_confidence: float, rules: Rules, labels: Sequence[str]) -> bool | None:
        """Whether what is said is right; None when nothing is said."""
        said = normalise(self.text(min_confidence), labels, ignore_case=rules.ignore_case, only=rules.only)
        truth = normalise(self.truth, labels, ignore_case=rules.ignore_case, only=rules.only)
        measure: Measure = rules.measure
        return judge(truth, said, measure).right if said else None


def read_set(opened: PictureSet, split: str, limit: int, pipeline: Pipeline) -> Iterator[Said]:
    """Every picture of a split, read; one that cannot be loaded is left out."""
    cv2.setNumThreads(1)
    for example in opened.examples(split, limit):
        try:
            image = pictures.load(example.path)
        except CaptureError as error:
            print(f"{example.name}: left out: {error}", file=sys.stderr)
            continue
        lines = tuple((said_line(line), line.confidence) for line in pipeline.read(image).lines)
        yield Said(example.name, example.truth, lines)


def open_pipeline(
    path: Path | None, pattern: str = "", reader: str = "auto", **switches: Any
) -> tuple[Bundle, Pipeline]:
    """A bundle, and a pipeline that says everything.

    Args:
        path: The bundle's folder; None for the shipped one.
        pattern: What every line must match; empty for anything.
        reader: What reads lines; see ``ours.READERS``.
        switches: Other keywords of ``Pipeline``.

    Raises:
        MissingSwitchError: ``Pipeline`` has no such keyword.
        OcrEdgeError: The bundle or the pattern is wrong.
    """
    switches |= reader_switch(reader)
    check_switches(switches)
    bundle = load_bundle(path)
    parsed = Pattern.parse(pattern, bundle.manifest.texts) if pattern else None
    return bundle, Pipeline(bundle, parsed, 0.0, **switches)


def check_switches(switches: Mapping[str, Any]) -> None:
    """Refuse keywords that ``Pipeline`` does not have.

    Raises:
        MissingSwitchError: There is one; the message names it.
    """
    missing = [name for name in switches if name not in signature(Pipeline).parameters]
    if missing:
        raise MissingSwitchError(f"this version of Pipeline has no keyword {missing[0]!r}")
