"""What was read: characters in lines in a reading, and its published form."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ocr_edge.contract.types import Box, Scores

SCHEMA = 1
NO_SCORES: Scores = np.zeros(0, np.float32)
UNREADABLE = "?"
"""What is said of a character that could be anything; its alternatives say what it may be."""
Measure = Literal["whole", "characters", "weakest"]
"""What confidence is asked of: that all of a text is right, its characters on average, or the weakest of them."""
READABLE = 0.25
"""Probability from which a character is named."""
_PLAIN = {"pattern": "no line fits the pattern"}
"""Reasons for which nothing is said, where the word that is published is too short for people."""


def plain(why: str, form: str | None = None) -> str:
    """A reading's ``why`` for people; of a region whose format is ``form``, which makes its pattern."""
    return f'no line looks like "{form}"' if form and why == "pattern" else _PLAIN.get(why, why)


@dataclass(frozen=True, slots=True, eq=False)
class Character:
    """A named glyph.

    Attributes:
        text: The label, or ``?`` when no label was sure enough.
        confidence: Calibrated probability of ``text``, 0 to 1.
        box: Where it stands, in pixels of the source picture.
        alternatives: The three likeliest labels with their probabilities, best first.
        log_probabilities: float32, shape ``(L,)``, over all labels; what a stabiliser fuses. Not published.
        space_before: Whether a word gap precedes it.
        labels: What ``log_probabilities`` stand for, ``L`` texts; readers of several kinds know different ones. Empty
            where whoever made it has only one kind. Not published.
    """

    text: str
    confidence: float
    box: Box
    alternatives: tuple[tuple[str, float], ...] = ()
    log_probabilities: Scores = field(default_factory=lambda: NO_SCORES)
    space_before: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """What speaks against the value of a line.

    Attributes:
        value: What the line's text stands for.
        lead: Natural logarithm of how much likelier it is than the next other value, calibrated as the confidence
            is; below 0, another one is likelier.
        rival: The text with that other value; empty where there is none at all.
    """

    value: float | str
    lead: float
    rival: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Characters that share a baseline, in reading order.

    Attributes:
        characters: At least one.
        calibrated: Probability that the whole text is right, 0 to 1, where whoever read it can say; None where only
            the characters can.
        doubt: What speaks against its value, where it has one and whoever read it can say. Not published.
    """

    characters: tuple[Character, ...]
    calibrated: float | None = None
    doubt: Doubt | None = None

    @property
    def text(self) -> str:
        """The characters, words separated by one space."""
        return "".join((" " if c.space_before else "") + c.text for c in self.characters).strip()

    @property
    def confidence(self) -> float:
        """``calibrated``, or else the geometric mean of the characters' confidences, 0 to 1."""
        return self.character_confidence if self.calibrated is None else self.calibrated

    @property
    def character_confidence(self) -> float:
        """Geometric mean of the characters' confidences, 0 to 1: what tells text from texture, long lines or short."""
        return float(np.exp(np.mean([np.log(max(c.confidence, 1e-6)) for c in self.characters])))

    @property
    def box(self) -> Box:
        """The smallest box that holds all characters."""
        boxes = [character.box for character in self.characters]
        left, top = min(box.left for box in boxes), min(box.top for box in boxes)
        right = max(box.left + box.width for box in boxes)
        bottom = max(box.top + box.height for box in boxes)
        return Box(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What one region said at one time.

    Attributes:
        source: File or camera that was read.
        lines: In reading order; empty when nothing was said.
        time: Epoch seconds of the capture.
        region: Name of the region; empty for the whole picture.
        why: Why nothing is said (``no text``, ``below min_confidence``, ``pattern``) or believed; empty when
            something is.
        timing_ms: Milliseconds of each step.
        number: The daemon's count, growing through all restarts; 0 outside of it.
        device: Name of the daemon's device; empty outside of it.
        raw: What was read, where ``text`` is something else or nothing: a rejected reading's text.
        value: The number that ``text`` stands for, where the region shows one.
        unit: Its unit.
    """

    source: str
    lines: tuple[Line, ...]
    time: float
    region: str = ""
    why: str = ""
    timing_ms: Mapping[str, float] = field(default_factory=dict)
    number: int = 0
    device: str = ""
    raw: str = ""
    value: float | None = None
    unit: str = ""

    @property
    def text(self) -> str:
        """The lines, separated by newlines."""
        return "\n".join(line.text for line in self.lines)

    @property
    def confidence(self) -> float:
        """Geometric mean of the lines' confidences, long lines counting more, 0 to 1; 0 when nothing was read."""
        sizes = [len(line.characters) for line in self.lines]
        logs = [np.log(max(line.confidence, 1e-6)) for line in self.lines]
        return float(np.exp(np.average(logs, weights=sizes))) if sizes else 0.0

    @property
    def character_confidence(self) -> float:
        """Geometric mean of all characters' confidences, 0 to 1; 0 when nothing was read."""
        logs = [np.log(max(c.confidence, 1e-6)) for line in self.lines for c in line.characters]
        return float(np.exp(np.mean(logs))) if logs else 0.0

    def sureness(self, measure: Measure) -> float:
        """How sure it is, 0 to 1, by a measure; 0 when nothing was read."""
        if measure == "characters" or not self.lines:
            return self.character_confidence
        if measure == "whole":
            return self.confidence
        return min(character.confidence for line in self.lines for character in line.characters)

    @property
    def id(self) -> str:
        """A name that no other reading of any device has, and that sorts in the order of reading."""
        return f"{self.device}-{self.number:015d}" if self.device else ""

    def numbered(self, number: int, device: str) -> "Reading":
        """The published reading, with its place among all readings of a device.

        Log-probabilities are left out: they are not published, and views of a whole frame's scores would be kept
        alive for as long as a receiver is away.
        """
        lines = tuple(
            replace(
                line,
                characters=tuple(replace(c, log_probabilities=NO_SCORES, labels=()) for c in line.characters),
            )
            for line in self.lines
        )
        return replace(self, lines=lines, number=number, device=device)

    def as_dict(self) -> dict[str, Any]:
        """The published form, schema 1: plain values ready for JSON. What only the daemon and numbers have is last."""
        own: dict[str, Any] = {"id": self.id, "device": self.device} if self.device else {}
        if self.device or self.raw:
            own |= {"raw": self.raw, "value": self.value, "unit": self.unit}
        return {
            "schema": SCHEMA,
            # A file's name may hold bytes that are no text.
            "source": self.source.encode("utf-8", "replace").decode(),
            "region": self.region,
            "time": round(self.time, 3),
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "lines": [
                {
                    "text": line.text,
                    "confidence": round(line.confidence, 4),
                    "box": line.box.as_list(),
                    "characters": [
                        {
                            "text": character.text,
                            "confidence": round(character.confidence, 4),
                            "box": character.box.as_list(),
                            "alternatives": [[text, round(p, 4)] for text, p in character.alternatives],
                        }
                        for character in line.characters
                    ],
                }
                for line in self.lines
            ],
            "why": self.why,
            "timing_ms": {step: round(ms, 2) for step, ms in self.timing_ms.items()},
        } | own

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Reading":
        """The reading of a published form; log-probabilities are not published and stay empty.

        Raises:
            ValueError: ``values`` are not a reading of schema 1.
        """
        try:
            if values["schema"] != SCHEMA:
                raise ValueError(f"schema {values['schema']!r}: expected {SCHEMA}")
            device = values.get("device", "")
            return cls(
                values["source"],
                tuple(_line(line) for line in values["lines"]),
                values["time"],
                values["region"],
                values["why"],
                values["timing_ms"],
                number=int(values["id"].rpartition("-")[2]) if device else 0,
                device=device,
                raw=values.get("raw", ""),
                value=values.get("value"),
                unit=values.get("unit", ""),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not a reading: {error!r}") from error


def _line(values: Mapping[str, Any]) -> Line:
    """A line of a published form: a character starts a word where the line's text has a space before it."""
    characters, rest = [], values["text"]
    for character in values["characters"]:
        space = rest.startswith(" ")
        rest = rest.removeprefix(" ").removeprefix(character["text"])
        alternatives = tuple((text, p) for text, p in character["alternatives"])
        characters.append(
            Character(
                character["text"],
                character["confidence"],
                Box(*character["box"]),
                alternatives,
                space_before=space,
            )
        )
    return Line(tuple(characters), float(values["confidence"]))
