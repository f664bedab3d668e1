"""Which lines of what was read in one frame are worth keeping, and why. Pure; little work, for the reader waits."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ocr_edge.contract.types import Box, Image, Polarity, Scores
from ocr_edge.decode import ctc
from ocr_edge.decode.pattern import Refused
from ocr_edge.harvest.sample import Named, Reason, named
from ocr_edge.pipeline import Asked
from ocr_edge.reading import Line, Reading
from ocr_edge.recognize.line_reader import Strip, around
from ocr_edge.recognize.places import SAID, Place
from ocr_edge.trace import Recording

LEAST_CHARACTER = 0.3
"""Mean probability of the characters of a line that is not said, below which it is texture, and teaches nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What was made of a region in one frame.

    Attributes:
        image: The region, uint8 RGB; nobody changes it any more.
        reading: What the frame alone says, boxes in the region's pixels.
        notes: How it was read; None where that is not known, as of a counter of wheels.
        verdict: Why what it says is not believed; empty where nothing speaks against it.
        disagrees: Why the other frames speak against it; empty where they do not.
    """

    image: Image
    reading: Reading
    notes: Recording | None
    verdict: str = ""
    disagrees: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """A line to keep.

    Attributes:
        strip: Cut from the picture, uint8 RGB; a copy.
        reason, why, text, others, confidence, characters, polarity, labels: As in ``About``.
        scores: Posteriors; None where no line stage read it.
    """

    strip: Image
    reason: Reason
    why: str
    text: str
    others: tuple[str, ...]
    confidence: float
    characters: tuple[Named, ...]
    polarity: Polarity | None = None
    labels: tuple[str, ...] = ()
    scores: Scores | None = None


def wanted(look: Look, below: float) -> list[Wanted]:
    """The lines of a region that are uncertain, rejected, or spoken against by other frames.

    Args:
        look: What was made of the region.
        below: Confidence below which a line is uncertain.
    """
    if look.notes is None or not look.notes.lines:
        return list(_whole(look, below))
    asked = look.notes.last(Asked)
    labels = asked.line_labels if asked else ()
    found = [_of(line, look, below, labels) for line in look.notes.lines]
    return [line for line in found if line is not None]


def _whole(look: Look, below: float) -> Iterator[Wanted]:
    """All of the region as one line, where it is read as one."""
    lines = look.reading.lines
    if len(lines) == 1 and (reason := _reason(look, lines[0], below)):
        line = lines[0]
        rival = (line.doubt.rival,) if line.doubt and line.doubt.rival else ()
        yield Wanted(look.image.copy(), *reason, line.text, rival, line.confidence, named(line.characters))


def _of(trace: Recording, look: Look, below: float, labels: tuple[str, ...]) -> Wanted | None:
    """A line, if it is worth keeping."""
    place = trace.last(Place)
    if place is None or place.image is None or place.reading is None:
        return _refused(trace, labels)
    line = place.reading.line
    if place.verdict == SAID:
        reason = _reason(look, line, below)
    elif place.verdict.startswith("below min_confidence") and line.character_confidence >= LEAST_CHARACTER:
        reason = "rejected", place.verdict
    else:  # no line, or another reading of the same place stands
        return None
    if reason is None:
        return None
    read = place.strip
    box = read.box if read else around(place.box, place.image.shape[:2])
    box = box.union(line.box) if _inside(line.box, place.image) else box
    rival = (line.doubt.rival,) if line.doubt and line.doubt.rival else ()
    same = read is not None and box == read.box
    return Wanted(
        _cut(place.image, box),
        *reason,
        line.text,
        rival,
        line.confidence,
        named(line.characters, box.left, box.top),
        place.polarity,
        labels if same else (),
        read.posteriors.scores if read and same else None,
    )


def _refused(trace: Recording, labels: tuple[str, ...]) -> Wanted | None:
    """A line that the pattern refuses; what it allows and what the picture shows are both suggested."""
    tries: list[tuple[float, Strip, Refused]] = []
    for note, after in itertools.pairwise(trace.notes):
        # As it stands and upside down: the way that is surest is the right one.
        if isinstance(note, Strip) and isinstance(after, Refused):
            numbers = ctc.greedy(note.posteriors.scores)[0]
            peaks = note.posteriors.scores[:, numbers].max(axis=0)
            tries.append((float(np.exp(peaks).mean()) if numbers else 0.0, note, after))
    sure, strip, refused = max(tries, key=lambda each: each[0], default=(0.0, None, None))
    if strip is None or refused is None or sure < LEAST_CHARACTER or not labels:
        return None
    scores = strip.posteriors.scores
    seen = " ".join("".join(labels[number] for number in ctc.greedy(scores)[0]).split())
    text, others = (refused.text, (seen,)) if refused.text else (seen, ())
    why = f"pattern: the picture shows {seen}"
    cut = _cut(strip.image, strip.box)
    return Wanted(cut, "rejected", why, text, others, 0.0, (), strip.polarity, labels, scores)


def _reason(look: Look, line: Line, below: float) -> tuple[Reason, str] | None:
    """Why a line that is said is worth keeping; None where it is not."""
    if look.disagrees and len(look.reading.lines) == 1:
        return "disagrees", look.disagrees
    if look.verdict:
        return "rejected", look.verdict
    if line.confidence < below:
        return "uncertain", f"{line.confidence:.0%} sure, asked for {below:.0%}"
    return None


def _cut(image: Image, box: Box) -> Image:
    # A copy: a view would keep the whole frame.
    return np.array(image[box.top : box.bottom, box.left : box.right])


def _inside(box: Box, image: Image) -> bool:
    return min(box.left, box.top) >= 0 and box.right <= image.shape[1] and box.bottom <= image.shape[0]
