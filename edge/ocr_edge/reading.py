"""What was read: characters in lines in a reading, and its published form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ocr_edge.contract.types import Box, Scores

SCHEMA = 1


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
    """

    text: str
    confidence: float
    box: Box
    alternatives: tuple[tuple[str, float], ...] = ()
    log_probabilities: Scores = field(default_factory=lambda: np.zeros(0, np.float32))
    space_before: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Characters that share a baseline, in reading order.

    Attributes:
        characters: At least one.
    """

    characters: tuple[Character, ...]

    @property
    def text(self) -> str:
        """The characters, words separated by one space."""
        return "".join((" " if c.space_before else "") + c.text for c in self.characters).strip()

    @property
    def confidence(self) -> float:
        """Geometric mean of the characters' confidences, 0 to 1."""
        return float(np.exp(np.mean([np.log(max(c.confidence, 1e-6)) for c in self.characters])))

    @property
    def box(self) -> Box:
        """The smallest box that holds all characters."""
        box = self.characters[0].box
        for character in self.characters[1:]:
            box = box.union(character.box)
        return box


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What one region said at one time.

    Attributes:
        source: File or camera that was read.
        lines: In reading order; empty when nothing was said.
        time: Epoch seconds of the capture.
        region: Name of the region; empty for the whole picture.
        why: Why nothing is said (``no text``, ``below min_confidence``, ``pattern``); empty when something is.
        timing_ms: Milliseconds of each step.
    """

    source: str
    lines: tuple[Line, ...]
    time: float
    region: str = ""
    why: str = ""
    timing_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The lines, separated by newlines."""
        return "\n".join(line.text for line in self.lines)

    @property
    def confidence(self) -> float:
        """Geometric mean over all characters, 0 to 1; 0 when nothing was read."""
        logs = [np.log(max(c.confidence, 1e-6)) for line in self.lines for c in line.characters]
        return float(np.exp(np.mean(logs))) if logs else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The published form, schema 1: plain values ready for JSON."""
        return {
            "schema": SCHEMA,
            "source": self.source,
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
        }
