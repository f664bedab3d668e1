"""One region of the picture: from its pixels in a frame to what it says."""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ocr_edge.bundle import Bundle
from ocr_edge.config.settings import CheckDigit, Picture, Region, Stabilize
from ocr_edge.contract.types import Polarity
from ocr_edge.counters import Counters
from ocr_edge.decode.checks import Check, Weighted
from ocr_edge.decode.patterns import Pattern
from ocr_edge.errors import ConfigError
from ocr_edge.number import unseen
from ocr_edge.pipeline import Pipeline, Readers
from ocr_edge.plausible import Plausibility
from ocr_edge.reading import Reading
from ocr_edge.regions import quality, rectify, schedule
from ocr_edge.regions.change import ChangeDetector
from ocr_edge.segment import Segmenter
from ocr_edge.sources.base import Frame
from ocr_edge.stabilize import Settled, Stabilizer

_LOGGER = logging.getLogger(__name__)

FRAME_CONFIDENCE = 0.5
"""A single frame less sure than this is not fused; the region's own limit holds for the fused reading."""

MAX_OUTSIDE = 0.25
"""Share of a region that may lie outside of the picture."""
READ_LIMIT_S = 3.0
"""Seconds that the lines of one region may take: the watchdog waits for the end of a reading."""


class RegionReader:
    """Reads one region again and again.

    A region that shows a number of which something would be overlooked says so in the log, once.

    Args:
        region: Its settings.
        bundle: The model.
        stabilize: When a reading is settled.
        picture: What spoils a picture.
        counters: Where what happens is counted.
        checks: The user's own check digits by name.

    Attributes:
        region: Its settings.
        problem: What keeps it from being read, such as ``dark``; empty when nothing does.
    """

    def __init__(
        self,
        region: Region,
        bundle: Bundle,
        stabilize: Stabilize,
        picture: Picture,
        counters: Counters,
        checks: Mapping[str, Check] | None = None,
    ) -> None:
        self.region, self.problem = region, ""
        self._stabilize, self._picture, self._counters = stabilize, picture, counters
        self._bundle, self._scale = bundle, 1.0
        self._pattern = pattern(region, bundle, checks)
        if note := blind(region, bundle, self._pattern):
            _LOGGER.warning("region %s: %s", region.name, note)
        self._pipeline = pipeline(region, bundle, self._pattern)
        self._stabilizer = Stabilizer(self._pipeline.labels, stabilize, region.min_confidence)
        self._plausibility = Plausibility(region.value) if region.value else None
        self._change = ChangeDetector(region.min_change)
        self._still: Settled | None = None
        self._read_at = -np.inf
        self._rejected = ""

    def take_over(self, old: "RegionReader") -> None:
        """Go on with another reader's memory, where it was of the same region and labels."""
        if old.region.name != self.region.name:
            return
        if old._pipeline.labels == self._pipeline.labels:
            self._stabilizer = replace(
                old._stabilizer, settings=self._stabilize, min_confidence=self.region.min_confidence
            )
        # A text that begins to be a number, or another one, is news again.
        same = old.region.value == self.region.value
        self._stabilizer.resume(old._stabilizer.said if same else "")
        self._rejected = old._rejected if same else ""
        if self._plausibility and old._plausibility:
            self._plausibility = replace(old._plausibility, settings=self._plausibility.settings)

    def resume(self, last: Reading, now: float, monotonic: float) -> None:
        """Go on where an earlier run of the program ended.

        Args:
            last: The last reading of this region that was believed.
            now: Epoch seconds.
            monotonic: The same moment on ``time.monotonic``.
        """
        if (last.value is None) == (self._plausibility is None):
            self._stabilizer.resume(last.raw or last.text)
        if last.value is not None and self._plausibility:
            self._plausibility.resume(last.value, monotonic - max(now - last.time, 0.0))

    def fit(self, scale: float) -> None:
        """Expect text that is larger by a factor than the settings say: frames need not have their size."""
        if self.region.text_height and abs(scale - self._scale) > 0.01:
            self._scale, self._pipeline = scale, pipeline(self.region, self._bundle, self._pattern, scale)

    def is_active(self, now: float) -> bool:
        """Whether its schedule has it read at this time (epoch seconds, local time of day)."""
        return schedule.active(self.region.schedule, dt.datetime.fromtimestamp(now).time())

    def is_still(self, monotonic: float) -> bool:
        """Whether it need not be looked at while the picture does not change."""
        return self._still is not None and monotonic - self._read_at < self.region.reread_s

    def rest(self, monotonic: float) -> list[Reading]:
        """Nothing changed: what stood there still stands, which may make a doubted number believable."""
        self._counters.unchanged += 1
        if self._still and self._still.reading is None:
            self._stabilizer.nothing(monotonic)
        if self._still and self._still.reading:
            return self.judged(self._still.reading, monotonic, is_news=False)
        return []

    def look(self, frame: Frame, cut: rectify.Rectified) -> list[Reading]:
        """Look at a frame.

        Args:
            frame: The frame.
            cut: This region's part of it.

        Returns:
            What is to be said now: at most one reading.
        """
        if self.is_still(frame.monotonic) and not self._change.changed(cut.image):
            return self.rest(frame.monotonic)
        judged = self.judge_quality(cut)
        if judged.problem:
            self._still = None
            return []
        reading = self.read(frame, cut)
        settled = self._stabilizer.push(reading, frame.monotonic, judged.weight)
        self._still = settled if settled.is_still else None
        if settled.is_still:
            self._change.keep(cut.image)
            self._read_at = frame.monotonic
        fused = settled.reading
        if fused and self._pattern and not all(self._pattern.matches(line.text) for line in fused.lines):
            # Each frame's text was legal, but what they have in common is not.
            self.problem = f"the frames' texts together do not match the pattern: {fused.text}"
            return []
        if settled.reading is None:
            # A meter that shows nothing is worth a word; an empty belt is not.
            if settled.is_still and self._plausibility:
                self._plausibility.pause()
                self.problem = f"nothing to read: {reading.why or 'below min_confidence'}"
            return []
        return self.judged(settled.reading, frame.monotonic, is_news=settled.is_news)

    def ask(self) -> "Answer":
        """Begin to read a thing of its own, such as a picture somebody asked for."""
        return Answer(self, Stabilizer(self._pipeline.labels, self._stabilize, self.region.min_confidence))

    def judge_quality(self, cut: rectify.Rectified) -> quality.Quality:
        """What the picture of the region is worth; ``problem`` is noted."""
        judged = quality.judge(cut.image, self._picture)
        if cut.outside > MAX_OUTSIDE:
            judged = replace(
                judged, problem=f"{cut.outside:.0%} of it lies outside of the picture", weight=0.0
            )
        self.problem = judged.problem
        if judged.problem:
            self._counters.spoiled[judged.problem if cut.outside <= MAX_OUTSIDE else "outside"] += 1
        return judged

    def read(self, frame: Frame, cut: rectify.Rectified) -> Reading:
        """Read one frame by itself; boxes are the frame's."""
        reading = self._pipeline.read(cut.image, source=frame.source, time=frame.captured_at)
        self._counters.read += 1
        self._counters.read_seconds += reading.timing_ms["total"] / 1000
        lines = tuple(rectify.moved(line, cut.matrix, frame.image.shape[:2]) for line in reading.lines)
        return replace(reading, lines=lines, region=self.region.name)

    def judged(self, reading: Reading, monotonic: float, *, is_news: bool) -> list[Reading]:
        """What is said of a settled reading: it, if it is news; of a number also whether it is believed.

        A believed number is said when it is new, a rejected one once, with its reason.
        """
        if self._plausibility is None or self.region.value is None:
            return [reading] if is_news else []
        verdict = self._plausibility.judge(reading.text, monotonic)
        if verdict.value is None:
            self.problem = f"a number is not believed ({verdict.rule})"
            if self._rejected == reading.text and not is_news:
                return []
            self._rejected = reading.text
            self._counters.rejected[self.region.name, verdict.rule] += 1
            return [replace(reading, lines=(), raw=reading.text, why=verdict.why)]
        self.problem = ""
        recovered, self._rejected = bool(self._rejected) and self._rejected == reading.text, ""
        if not (is_news or recovered):
            return []
        return [replace(reading, raw=reading.text, value=verdict.value, unit=self.region.value.unit)]


@dataclass(slots=True)
class Answer:
    """The reading of a thing of its own, shown in a few frames.

    Attributes:
        reader: Of its region.
        stabilizer: Fuses the frames; nothing of other things is in it.
        latest: The latest frame's reading.
        done: Whether more frames would not change it.
    """

    reader: RegionReader
    stabilizer: Stabilizer
    latest: Reading | None = None
    done: bool = False

    def push(self, frame: Frame, cut: rectify.Rectified) -> None:
        """Take one frame."""
        judged = self.reader.judge_quality(cut)
        latest = self.reader.read(frame, cut)
        self.done = self.stabilizer.push(latest, frame.monotonic, judged.weight).is_still
        self.latest = replace(latest, why=judged.problem or latest.why)

    def reading(self, monotonic: float) -> Reading:
        """The best reading of the frames so far, or why there is none."""
        if self.latest is None:
            raise ValueError("no frame to read")
        best = self.stabilizer.best()
        if best is None:
            return replace(self.latest, lines=(), why=self.latest.why or "below min_confidence")
        return self.reader.judged(replace(best, why=""), monotonic, is_news=True)[0]


def pattern(region: Region, bundle: Bundle, checks: Mapping[str, Check] | None) -> Pattern | None:
    """What a region's lines must look like.

    Raises:
        ConfigError: Its pattern or check digit is wrong.
    """
    if not region.pattern:
        return None
    try:
        return Pattern.parse(region.pattern, bundle.manifest.texts, region.check, checks)
    except ConfigError as error:
        raise ConfigError(f"region {region.name}: {error}") from error


def own_checks(settings: Sequence[CheckDigit]) -> dict[str, Check]:
    """The user's own check digits by name.

    Raises:
        ConfigError: One contradicts itself.
    """
    checks: dict[str, Check] = {}
    for check in settings:
        values = {name: getattr(check, name) for name in check.__struct_fields__ if name != "name"}
        try:
            checks[check.name] = Weighted(**values)
        except ConfigError as error:
            raise ConfigError(f"check {check.name}: {error}") from error
    return checks


def pipeline(region: Region, bundle: Bundle, pattern: Pattern | None, scale: float = 1.0) -> Pipeline:
    """The pipeline that reads a region, in frames that are larger than the settings' picture by a factor."""
    polarity = Polarity(region.polarity) if region.polarity else None
    height = region.text_height * scale if region.text_height else None
    return Pipeline(
        bundle,
        pattern,
        min(FRAME_CONFIDENCE, region.min_confidence),
        min_margin=region.min_margin,
        segmenter=Segmenter(text_height=height, polarity=polarity),
        limit_s=READ_LIMIT_S,
        reader=readers(region, bundle, pattern),
    )


def readers(region: Region, bundle: Bundle, pattern: Pattern | None) -> Readers:
    """Who reads a region: a number only those who can say its marks, or -3.4 would become 34 now and then."""
    if region.value is None or not bundle.lines:
        return "auto"
    texts = bundle.manifest.lines[0].texts
    try:
        misses = unseen(sayable(texts, pattern.over(texts) if pattern else None))
    except ConfigError:  # the pattern needs what only the character stages can say
        return "auto"
    return "auto" if all(misses) else "line"


def blind(region: Region, bundle: Bundle, pattern: Pattern | None) -> str:
    """What of a number would be overlooked in a region, one line; empty when nothing that can be there.

    Whoever gives ``min = 0`` knows that there is no minus, and whoever gives ``decimals`` that the mark is not read.
    """
    rules = region.value
    if rules is None:
        return ""
    texts = bundle.manifest.texts
    sign, mark = unseen(sayable(texts, pattern))
    sign, mark = sign and not (rules.min is not None and rules.min >= 0), mark and not rules.decimals
    if not (sign or mark):
        return ""
    what = " or ".join(["a minus sign"] * sign + ["a decimal point"] * mark)
    bundles_fault = any(a and b for a, b in zip((sign, mark), unseen(texts), strict=True))
    who = f"bundle {bundle.manifest.name}" if bundles_fault else "this pattern"
    shown = f"{'-' * sign}3{'.' * mark}4"
    return f"{who} cannot see {what}: {shown} would be read as 34; see Values in docs/regions.md"


def sayable(texts: Sequence[str], pattern: Pattern | None) -> set[str]:
    """Which texts can stand in a reading."""
    if pattern is None:
        return set(texts)
    return {text for text, used in zip(pattern.labels, pattern.uses, strict=True) if used}
