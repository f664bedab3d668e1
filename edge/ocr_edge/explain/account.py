"""What a pipeline told of a picture, sorted: each line from where it was found to what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ocr_edge.contract.labels import letters
from ocr_edge.contract.types import Box
from ocr_edge.decode import ctc
from ocr_edge.decode.pattern import Refused
from ocr_edge.detect.detector import Found, Look
from ocr_edge.geometry.transform import Points, apply
from ocr_edge.pipeline import Asked
from ocr_edge.reading import Reading
from ocr_edge.recognize.line_reader import Strip, StripReading, Unread
from ocr_edge.recognize.places import SAID, UNREAD, Place
from ocr_edge.segment.decoder import Cut, CutLine
from ocr_edge.segment.segmenter import Guess
from ocr_edge.trace import Recording

SET_ASIDE = "set aside: the picture was read otherwise"
NO_CHARACTER = "no character"
READERS = {"line": "the line stage", "characters": "the character stages"}
"""Who reads, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Try:
    """A strip of a line, and what was made of it.

    Attributes:
        strip: What the line stage saw and says.
        heard: Its loudest labels, with which no pattern interferes.
        labels: Label numbers of what was read; of ``heard``, where nothing was.
        runs: The steps of each, first and first after.
        reading: What was read; None where that is nothing.
        refused: What the pattern made of it, where it left no reading.
        why: Why there is no reading; empty where there is one.
    """

    strip: Strip
    heard: str
    labels: Sequence[int]
    runs: Sequence[ctc.Span]
    reading: StripReading | None
    refused: Refused | None
    why: str


@dataclass(slots=True, eq=False)
class Told:
    """A line and what became of it.

    Attributes:
        place: Its findings and its reading.
        found: The outline that the detector found; None where it was not asked.
        outline: Where it stands, shape ``(4, 2)``, in pixels of the whole picture.
        tries: Its strips, in order.
        shown: The strip that was read; where none was, the one in which most is heard. None where none was tried.
        cut: What the character stages made of it; None where they were not asked, or saw nothing.
        heard: What it looks like, with which no pattern interferes; empty where that is nothing.
        verdict: ``SAID``, or why it is not said.
        number: The same in all pictures: what is said comes first, from top to bottom. 0: nothing was seen.
    """

    place: Place
    found: Found | None
    outline: Points
    tries: Sequence[Try]
    shown: Try | None
    cut: Cut | None
    heard: str
    verdict: str
    number: int = 0

    @property
    def reader(self) -> str | None:
        """Whose reading it is: ``line``, ``characters``; None where there is none."""
        if self.place.reading is None:
            return None
        return "line" if self.shown else "characters"

    @property
    def text(self) -> str:
        """What was read; empty where nothing was."""
        return self.place.reading.line.text if self.place.reading else ""

    @property
    def confidence(self) -> float:
        """How sure that is, 0 to 1."""
        return self.place.reading.line.confidence if self.place.reading else 0.0

    @property
    def title(self) -> str:
        """Number and text; without a reading, what it looks like."""
        if self.place.reading:
            return f'{self.number}: "{self.text}"  {self.confidence:.0%}'
        return f"{self.number}: no reading" + (f', looks like "{self.heard}"' if self.heard else "")

    @property
    def refused(self) -> Refused | None:
        """What the pattern made of it, where it left no reading."""
        by_line = self.shown.refused if self.shown else None
        return by_line or (self.cut.refused if self.cut else None)

    @property
    def doubt(self) -> float:
        """The less, the sooner a person should look at it."""
        return self.refused.behind if self.refused and not self.text else self.confidence

    @property
    def is_told(self) -> bool:
        """Whether anything like text was seen in it."""
        return bool(self.place.reading or self.cut or letters(self.heard))


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """How a reading came about.

    Attributes:
        asked: What was to be done.
        reading: What came of it.
        looks: The detector's.
        guesses: At the ink, in order.
        remarks: What else was told.
        lines: In which something was seen, by their numbers.
        silent: The others.
    """

    asked: Asked
    reading: Reading
    looks: Sequence[Look]
    guesses: Sequence[Guess]
    remarks: Sequence[str]
    lines: Sequence[Told]
    silent: Sequence[Told]

    def doubtful(self) -> list[Told]:
        """Said lines, the least sure first; refused ones, the nearest to a legal text first; those that others beat."""
        return sorted(self.lines, key=lambda line: (line.verdict != SAID, bool(line.text), line.doubt))


def account(recording: Recording, reading: Reading) -> Account:
    """Sort what a pipeline told.

    Args:
        recording: Of the picture.
        reading: What came of it.

    Raises:
        ValueError: Nothing was told.
    """
    asked = recording.last(Asked)
    if asked is None:
        raise ValueError("no picture was read with this trace")
    lines = [one for line in recording.lines if (one := _told(line, asked))]
    told = [line for line in lines if line.is_told]
    told.sort(key=lambda line: (line.verdict != SAID, not line.text, float(line.outline[:, 1].mean())))
    for number, line in enumerate(told, 1):
        line.number = number
    return Account(
        asked,
        reading,
        recording.of(Look),
        recording.of(Guess),
        list(dict.fromkeys(recording.of(str))),
        told,
        [line for line in lines if not line.is_told],
    )


def _told(line: Recording, asked: Asked) -> Told | None:
    place = line.last(Place)
    if place is None:
        return None
    tries = _tries(line, asked.line_labels)
    # A second look may have doubted what was read: then it is told once more.
    read = next(
        (
            one
            for one in tries
            if one.reading and place.strip and one.reading.posteriors is place.strip.posteriors
        ),
        None,
    )
    shown = read or max(tries, key=lambda one: len(letters(one.heard)), default=None)
    cut = _cut(line, place)
    heard = shown.heard if shown else ""
    if cut and not heard:
        heard = "".join(asked.labels[label] for label in cut.steps["picture"].argmax(axis=1))
    verdict = place.verdict or (SET_ASIDE if place.reading else UNREAD)
    found = line.last(Found)
    told = Told(place, found, _outline(place, found), tries, shown, cut, heard, verdict)
    if verdict == UNREAD:
        why = (shown and shown.heard and shown.why) or NO_CHARACTER
        told.verdict = told.refused.why if told.refused else why
    return told


def _tries(line: Recording, labels: Sequence[str]) -> list[Try]:
    """The strips of a line: what follows one is told of it."""
    found: list[tuple[Strip, list[object]]] = []
    for note in line.notes:
        if isinstance(note, Strip):
            found.append((note, []))
        elif found and isinstance(note, StripReading | Refused | Unread):
            found[-1][1].append(note)
    return [_try(strip, notes, labels) for strip, notes in found]


def _try(strip: Strip, notes: Sequence[object], labels: Sequence[str]) -> Try:
    numbers, runs = ctc.greedy(strip.posteriors.scores)
    heard = "".join(labels[number] for number in numbers).strip()
    reading = next((note for note in notes if isinstance(note, StripReading)), None)
    refused = next((note for note in notes if isinstance(note, Refused)), None)
    unread = next((note.why for note in notes if isinstance(note, Unread)), "")
    if reading and not unread:
        numbers = reading.decoded.written.labels.tolist()
        runs = [(first, end) for first, end in reading.decoded.written.runs.tolist()]
        return Try(strip, heard, numbers, runs, reading, None, "")
    why = unread or (refused.why if refused else "nothing is said")
    return Try(strip, heard, numbers, runs, None, refused, why)


def _cut(line: Recording, place: Place) -> Cut | None:
    """What the character stages made of a place: what is read, else what the pattern refused."""
    return place.reading.cut if isinstance(place.reading, CutLine) else line.last(Cut)


def _outline(place: Place, found: Found | None) -> Points:
    """Where a line stands in the whole picture."""
    if found:
        return np.asarray(found.quad, np.float64)
    box = place.reading.line.box if place.reading else place.box
    corners = _corners(box)
    return corners if place.back is None else apply(place.back, corners)


def _corners(box: Box) -> Points:
    sides = (box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)
    return np.array(sides, np.float64)
