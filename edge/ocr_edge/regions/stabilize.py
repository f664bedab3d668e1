"""Successive readings of one region become one: fused character by character, said once, when it is settled.

Readings that agree are a track. In a track the log-probabilities of each character are averaged over the frames,
better pictures and newer ones counting more: a logarithmic opinion pool (Genest and Zidek, 1986) with exponential
forgetting. They are not summed, as those of independent witnesses would be: frames of one scene share its light and
its blur, and sums made the fused confidence worse (docs/benchmarks.md). Frames may be read by readers with different
labels: a label is known by its text, and whoever does not know it does not believe in it. A reading that surely
contradicts a track opens another one, and a few frames in a row are enough for it to take over: the old text locks
nothing out, however long it stood.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ocr_edge.config.settings import Stabilize
from ocr_edge.reading import Character, Line, Measure, Reading
from ocr_edge.regions.doubts import Doubts
from ocr_edge.regions.fusion import Pair, Slot, align, merged, normal

FLOOR = -12.0
"""Log-probability below which nothing is believed: one frame can't rule a label out for good."""
PATIENCE = 2
"""After so many times the demanded frames, an unchanging text is as sure as it will get."""
MAX_TRACKS = 8


@dataclass(slots=True, eq=False)
class _Track:
    slots: list[Slot]
    latest: Reading
    weight: float
    at: float
    run: int = 1
    text: str = ""
    unchanged: int = 1
    doubts: Doubts = field(default_factory=Doubts)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a region says after a push.

    Attributes:
        reading: The fused reading; None while nothing is settled.
        is_news: Whether it should be said: settled, and not what was said last.
        is_still: Whether looking again at the same picture would change nothing.
    """

    reading: Reading | None
    is_news: bool = False
    is_still: bool = False


@dataclass(slots=True)
class Stabilizer:
    """Fuses the readings of one region.

    Attributes:
        labels: The texts that log-probabilities stand for where a character does not say.
        settings: When a reading is settled.
        min_confidence: A fused reading less sure than this is not said.
        measure: What that is asked of: the whole of a number, of which no digit may be wrong; the characters of a text
            on average, as in a single picture: that all of a long text is right is never sure.
    """

    labels: tuple[str, ...]
    settings: Stabilize
    min_confidence: float = 0.0
    measure: Measure = "characters"
    _tracks: list[_Track] = field(default_factory=list)
    _said: str = ""
    _empty: int = 0
    _empty_since: float | None = None
    _known: tuple[str, ...] = ()
    _places: dict[tuple[str, ...], npt.NDArray[np.intp]] = field(default_factory=dict)

    def push(self, reading: Reading, at: float, weight: float = 1.0) -> Settled:
        """Take one frame's reading.

        Args:
            reading: With log-probabilities in its characters; without lines when nothing was seen.
            at: Seconds on a clock that never jumps (``time.monotonic``).
            weight: Quality of the frame, 0 to 1.

        Returns:
            What the region says now.
        """
        if not reading.lines:
            return self.nothing(at)
        self._empty, self._empty_since = 0, None
        track = self._fuse(reading, at, max(weight, 0.05))
        fused = self._reading(track)
        track.unchanged = track.unchanged + 1 if fused.text == track.text else 1
        track.text = fused.text
        if not self._is_settled(track, fused):
            return Settled(None)
        if not self._is_sure(fused):
            return Settled(None, is_still=True)
        news = fused.text != self._said
        self._said = fused.text
        return Settled(fused, news, is_still=True)

    def best(self) -> Reading | None:
        """What speaks for itself so far, settled or not; None when nothing was seen or it is not sure enough."""
        if not self._tracks:
            return None
        track = max(self._tracks, key=lambda item: item.weight)
        fused = self._reading(track)
        return fused if self._is_sure(fused) else None

    @property
    def said(self) -> str:
        """The text that was said last; empty before the first."""
        return self._said

    def resume(self, text: str) -> None:
        """Take up where an earlier run ended: this text was said last."""
        self._said = text

    def forget(self) -> None:
        """Begin anew, as for another thing before the camera; what was said last may be said again."""
        self._tracks, self._said, self._empty, self._empty_since = [], "", 0, None

    def nothing(self, at: float) -> Settled:
        """Take note that nothing is to be seen; see ``push``."""
        self._empty += 1
        if self._empty_since is None:
            self._empty_since = at
        for track in self._tracks:
            track.run = 0
        after = self.settings.again_after_s
        if after and at - self._empty_since >= after:
            self.forget()
        return Settled(None, is_still=self._empty >= self.settings.frames)

    def _fuse(self, reading: Reading, at: float, weight: float) -> _Track:
        """Add a reading to the track it agrees with best, or to a new one."""
        fresh = self._slots(reading, weight)
        best: tuple[float, _Track, list[Pair]] | None = None
        for track in self._tracks:
            decay = 0.5 ** (max(at - track.at, 0.0) / self.settings.memory_s)
            track.weight, track.at = track.weight * decay, at
            track.doubts.decay(decay)
            for slot in track.slots:
                slot.decay(decay)
            pairs = align(track.slots, fresh)
            if pairs is not None:
                likeness = sum(a is not None and b is not None for a, b in pairs) + track.weight * 1e-3
                if best is None or likeness > best[0]:
                    best = likeness, track, pairs
        if best is None:
            chosen = _Track(fresh, reading, weight, at)
            self._tracks = [*sorted(self._tracks, key=lambda item: -item.weight)[: MAX_TRACKS - 1], chosen]
        else:
            chosen = best[1]
            chosen.slots, chosen.latest = merged(chosen.slots, fresh, best[2]), reading
            chosen.weight += weight
            chosen.run += 1
        chosen.doubts.add(reading, weight)
        for track in self._tracks:
            if track is not chosen:
                track.run = 0
        return chosen

    def _is_settled(self, track: _Track, fused: Reading) -> bool:
        frames = self.settings.frames
        total = sum(item.weight for item in self._tracks)
        often = track.weight >= frames and track.weight > 2 / 3 * total
        if not (track.run >= frames or often) or track.unchanged < min(frames, track.run):
            return False
        surest = min(c.confidence for line in fused.lines for c in line.characters)
        return surest >= self.settings.certainty or track.unchanged >= PATIENCE * frames

    def _is_sure(self, fused: Reading) -> bool:
        return fused.sureness(self.measure) >= self.min_confidence

    def _reading(self, track: _Track) -> Reading:
        """The track's text, in the form of its latest reading."""
        kept = [slot for slot in track.slots if slot.weight > track.weight / 2] or track.slots
        lines: list[list[Slot]] = [[]]
        for slot in kept:
            if slot.new_lines > slot.weight / 2 and lines[-1]:
                lines.append([])
            lines[-1].append(slot)
        fused = tuple(self._line(line) for line in lines)
        return replace(track.latest, lines=track.doubts.told(fused))

    def _line(self, slots: list[Slot]) -> Line:
        """A line of the fused text: as sure as its frames' lines were, and no surer than what they have in common."""
        line = Line(tuple(self._character(slot) for slot in slots))
        rated = sum(slot.rated for slot in slots)
        if rated <= sum(slot.weight for slot in slots) / 2:
            return line
        sure = float(np.exp(sum(slot.line_logs for slot in slots) / rated))
        return replace(line, calibrated=min(sure, line.confidence))

    def _character(self, slot: Slot) -> Character:
        scores = normal(slot.evidence / slot.weight)
        order = np.argsort(-scores, kind="stable")[:3].tolist()
        alternatives = tuple((self._known[index], float(np.exp(scores[index]))) for index in order)
        space = slot.spaces > slot.weight / 2
        return Character(*alternatives[0], slot.latest.box, alternatives, scores, space, self._known)

    def _slots(self, reading: Reading, weight: float) -> list[Slot]:
        """A reading's places, each with what it says of every label known so far."""
        columns = [self._columns(c.labels or self.labels) for line in reading.lines for c in line.characters]
        result: list[Slot] = []
        for number, line in enumerate(reading.lines):
            rated = 0.0 if line.calibrated is None else weight
            line_logs = rated * float(np.log(max(line.confidence, 1e-6)))
            for index, character in enumerate(line.characters):
                evidence = np.full(len(self._known), FLOOR, np.float32)
                evidence[columns[len(result)]] = np.maximum(character.log_probabilities, FLOOR)
                evidence *= np.float32(weight)
                new_line = weight * (number > 0 and index == 0)
                space = weight * character.space_before
                result.append(Slot(character, evidence, weight, space, new_line, rated, line_logs))
        return result

    def _columns(self, labels: tuple[str, ...]) -> npt.NDArray[np.intp]:
        """Where labels stand among all that are known; unknown ones are added, also to what was seen before."""
        if labels not in self._places:
            new = tuple(label for label in labels if label not in self._known)
            self._known += new
            for slot in (slot for track in self._tracks for slot in track.slots):
                unseen = np.full(len(new), FLOOR * slot.weight, np.float32)
                slot.evidence = np.concatenate([slot.evidence, unseen])
            self._places[labels] = np.array([self._known.index(label) for label in labels], np.intp)
        return self._places[labels]
