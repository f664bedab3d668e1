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

from ocr_edge.bundle import Bundle
from ocr_edge.bundle import load as load_bundle
from ocr_edge.decode.patterns import Pattern
from ocr_edge.errors import CaptureError
from ocr_edge.pipeline import Pipeline
from ocr_edge.sources import pictures
from scoring import Measure, judge, normalise
from sets import PictureSet, Rules

UNREADABLE = "?"
"""What stands where a character could not be read."""


class MissingSwitchError(ValueError):
    """This version of ``Pipeline`` cannot be told what was asked for."""


@dataclass(frozen=True, slots=True)
class Said:
    """What ours found in one picture, however unsure.

    Attributes:
        name: The file's name within the set.
        truth: Its text as written down.
        lines: Text and confidence of each line, in reading order.
    """

    name: str
    truth: str
    lines: tuple[tuple[str, float], ...]

    def text(self, min_confidence: float = 0.0) -> str:
        """What is said when lines must be so sure; a line with an unreadable character is none."""
        sure = (text for text, confidence in self.lines if confidence >= min_confidence)
        return "\n".join(text for text in sure if UNREADABLE not in text)

    def right(self, min_confidence: float, rules: Rules, labels: Sequence[str]) -> bool | None:
        """Whether what is said is right; None when nothing is said."""
        said = normalise(self.text(min_confidence), labels, ignore_case=rules.ignore_case)
        truth = normalise(self.truth, labels, ignore_case=rules.ignore_case)
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
        lines = tuple((line.text, line.confidence) for line in pipeline.read(image).lines)
        yield Said(example.name, example.truth, lines)


def open_pipeline(path: Path | None, pattern: str = "", **switches: Any) -> tuple[Bundle, Pipeline]:
    """A bundle, and a pipeline that says everything.

    Args:
        path: The bundle's folder; None for the shipped one.
        pattern: What every line must match; empty for anything.
        switches: Keywords of ``Pipeline``.

    Raises:
        MissingSwitchError: ``Pipeline`` has no such keyword.
        OcrEdgeError: The bundle or the pattern is wrong.
    """
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
