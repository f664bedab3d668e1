"""What a pipeline did with a picture, kept: guesses at the ink, places, what each stage made of them, their fate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.types import Box, Image
from ocr_edge.decode.pattern import MIN_MARGIN, Pattern
from ocr_edge.explain.cut import Cut, Cutter
from ocr_edge.explain.looks import LineRecorder, Look, Recorder, Try
from ocr_edge.explain.said import Listener, Said
from ocr_edge.explain.verdict import NO_CHARACTER, SAID, Judge
from ocr_edge.geometry.rectify import moved
from ocr_edge.pipeline import Pipeline, Readers
from ocr_edge.reading import Character, Line
from ocr_edge.recognize.line_reader import around
from ocr_edge.recognize.places import Place
from ocr_edge.segment import CandidateLine
from ocr_edge.segment.segmenter import Guess, Segmenter, is_crop
from ocr_edge.timing import Stopwatch

READERS = {"line": "the line stage", "characters": "the character stages"}
"""Who reads, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class PlaceTrace:
    """One place and what became of it.

    Attributes:
        number: From 1, the best first; the same in all pictures.
        look: Where it was found.
        box: Where it stands, in pixels of the whole picture.
        place: Its findings and its reading.
        said: What the line stage said, of the strip it is surest of; None where it was not asked.
        cut: What the character stages made of it; None where they were not asked.
        verdict: ``said``, or why it is not.
    """

    number: int
    look: Look
    box: Box
    place: Place
    said: Said | None
    cut: Cut | None
    verdict: str

    @property
    def reader(self) -> str | None:
        """Whose reading it is: ``line``, ``characters``; None where there is none."""
        if self.place.reading is None:
            return None
        return "line" if self.place.is_of_strip else "characters"

    def text(self, labels: Sequence[str]) -> str:
        """What was read, in quotes; for a place that the pattern left without a reading, what it looks like.

        Args:
            labels: Those of the character stages.
        """
        if self.place.reading:
            return f'"{self.place.reading.line.text}"'
        looks = "".join(self.cut.names(labels)) if self.cut else ""
        if self.said and not looks:
            looks = self.said.free
        return f'(no reading, looks like "{looks}")' if looks else "(no reading)"


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What a pipeline did with one picture.

    Attributes:
        picture: The whole picture.
        looks: Those that led to a place; all where none did.
        places: Best first.
        others: What the line stage said of strips that no place shows, and what became of each.
        labels: Of the character stages; none where they do not read.
        line_labels: Of the line stage, the blank not among them; none where it does not read.
        canvas: ``(height, width)`` of the character network's inputs.
        min_margin: Nats by which the pattern may overrule the picture; None where there is no pattern.
    """

    picture: Image
    looks: Sequence[Look]
    places: Sequence[PlaceTrace]
    others: Sequence[tuple[Said, str]]
    labels: tuple[str, ...]
    line_labels: tuple[str, ...]
    canvas: tuple[int, int]
    min_margin: float | None

    def used(self, guess: Guess) -> list[CandidateLine]:
        """The lines of a guess in which something like a character was seen."""
        told = [item for item in self.places if item.verdict != NO_CHARACTER]
        named = {id(line) for item in told for line in item.place.lines}
        return [line for line in guess.lines if id(line) in named]

    def name(self, look: Look) -> str:
        """What was looked at, in words."""
        height, width = look.picture.shape[:2]
        size = f"{width} x {height} pixels"
        if look.picture is self.picture:
            return f"the picture, {size}"
        # A turned picture is larger, so that nothing is cut off.
        if look.picture.size >= self.picture.size:
            return f"the picture turned straight, {size}"
        return f"a panel cut out of the picture, {size}"


class TracedPipeline(Pipeline):
    """A pipeline that remembers how it came to its last reading; the arguments are those of ``Pipeline``."""

    _line_reader = LineRecorder

    def __init__(
        self,
        bundle: Bundle,
        pattern: Pattern | None = None,
        min_confidence: float = 0.5,
        *,
        min_margin: float = MIN_MARGIN,
        segmenter: Segmenter | None = None,
        limit_s: float = math.inf,
        reader: Readers = "auto",
    ) -> None:
        inner = segmenter or Segmenter()
        self._recorder = Recorder(**{item.name: getattr(inner, item.name) for item in fields(Segmenter)})
        super().__init__(
            bundle,
            pattern,
            min_confidence,
            min_margin=min_margin,
            segmenter=self._recorder,
            limit_s=limit_s,
            reader=reader,
        )
        self._names = self._recognizer.labels if self._recognizer else ()
        over = pattern.over(self._names) if pattern and self._names else None
        self._judge = Judge(self._names, over, min_confidence, min_margin)
        self._cutter = Cutter(self._names, has_pattern=pattern is not None) if self._names else None
        self._listener, self._tries = None, list[Try]()
        if isinstance(self._lines, LineRecorder):
            of_line = bundle.manifest.lines[0].labels
            self._listener = Listener(bundle, pattern.over(of_line) if pattern else None)
            self._tries = self._lines.tries
        networks = bundle.manifest.characters
        self._canvas = networks[0].inputs["rgb"][:2] if networks else (1, 1)
        self._margin = min_margin if pattern else None
        self._picture: Image = np.zeros((1, 1, 3), np.uint8)
        self._places: list[Place] = []

    def find(self, image: Image, watch: Stopwatch) -> list[Place]:
        """As every pipeline does; what was found is kept."""
        self._recorder.looks.clear()
        self._tries.clear()
        self._picture, self._places = image, super().find(image, watch)
        return self._places

    def trace(self) -> Trace:
        """How the last reading came to be."""
        looks = list(self._recorder.looks)
        seen = [place.seen_in(self._picture.shape[:2]) for place in self._places]
        said = [self._listener.said(tried) for tried in self._tries] if self._listener else []
        found = []
        for place, item in zip(self._places, seen, strict=True):
            verdict = self._judge.verdict(place, item, seen, scene=not is_crop(self._picture.shape[:2]))
            shown = _shown(place, said)
            if verdict == NO_CHARACTER:
                if shown and not shown.says_marks_alone:
                    verdict = refused(shown, self._margin)
                else:
                    shown = None
            found.append((place, item.line.box if item else self._box(place), shown, verdict))
        found.sort(key=lambda one: (one[3] == SAID, one[3] != NO_CHARACTER, _worth(one[0])), reverse=True)
        places = []
        for number, (place, box, shown, verdict) in enumerate(found, 1):
            cut = self._cutter.cut(place) if self._cutter else None
            places.append(PlaceTrace(number, _look(place, looks), box, place, shown, cut, verdict))
        drawn = {id(item.said) for item in places}
        others = [(one, self._fate(one, places)) for one in said if id(one) not in drawn]
        led = [look for look in looks if any(item.look is look for item in places)]
        return Trace(
            self._picture,
            led or looks,
            places,
            others,
            self._names,
            self._listener.labels if self._listener else (),
            self._canvas,
            self._margin,
        )

    def _box(self, place: Place) -> Box:
        """Where a place without reading stands in the whole picture."""
        if place.back is None:
            return place.box
        return moved(Line((Character("", 0.0, place.box),)), place.back, self._picture.shape[:2]).box

    def _fate(self, said: Said, places: Sequence[PlaceTrace]) -> str:
        """What became of a strip that no place shows."""
        if said.tried.found is None and not said.free:
            return "nothing is said"
        if said.says_marks_alone:
            return "marks alone, which specks look like"
        if said.tried.found is None:
            return refused(said, self._margin)
        owner = next((item for item in places if _is_of(said.tried, item.place)), None)
        if owner:
            return f"place {owner.number} was read from a strip that is surer"
        return "set aside: the picture was read otherwise"


def refused(said: Said, min_margin: float | None) -> str:
    """Why the line stage has no reading of a strip on which it sees something."""
    if min_margin is None:
        return "nothing is said"
    if said.legal is None:
        return "pattern: nothing fits"
    return f'pattern: "{said.legal}" is {said.margin:.1f} nats behind what the picture shows, {min_margin:g} allowed'


def _look(place: Place, looks: list[Look]) -> Look:
    """The look at what a place was found in; where the line stage alone looked at it, a new one."""
    assert place.image is not None
    found = next((look for look in looks if look.picture is place.image), None)
    if found is None:
        looks.append(found := Look(place.image, []))
    return found


def _is_of(tried: Try, place: Place) -> bool:
    """Whether a strip was cut out for a place."""
    if tried.image is not place.image:
        return False
    alone = [around(line.box, tried.image.shape[:2]) for line in place.lines]
    # Other lines beside it may have cut the margins off.
    return any(
        (tried.box.top, tried.box.bottom) == (box.top, box.bottom)
        and box.left <= tried.box.left <= line.box.left
        and line.box.right <= tried.box.right <= box.right
        for box, line in zip(alone, place.lines, strict=True)
    )


def _shown(place: Place, said: Sequence[Said]) -> Said | None:
    """What the line stage said of a place: where it was refused, what it was surest of."""
    if place.strip:
        return next(one for one in said if one.tried.found is place.strip)
    here = [one for one in said if _is_of(one.tried, place)]
    return max(here, key=lambda one: one.free_confidence, default=None)


def _worth(place: Place) -> tuple[bool, float]:
    if place.reading:
        return True, place.reading.value
    return False, max((line.promise for line in place.lines), default=0.0)
