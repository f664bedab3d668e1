"""One region of the picture: from its pixels in a frame to what it says."""

import copy
import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.config import schedule
from ocr_edge.config.settings import Picture, Region, Stabilize
from ocr_edge.daemon import region_setup
from ocr_edge.daemon.condition import condition
from ocr_edge.decode.check_digits import Check
from ocr_edge.drift.day import Look
from ocr_edge.geometry import rectify
from ocr_edge.harvest import wanted
from ocr_edge.reading import Reading
from ocr_edge.regions import quality
from ocr_edge.regions.belief import Belief
from ocr_edge.regions.change import ChangeDetector
from ocr_edge.regions.number import is_unit
from ocr_edge.regions.silence import Silence
from ocr_edge.regions.stabilize import PATIENCE, Settled, Stabilizer
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters
from ocr_edge.trace import OFF, Recording

_LOGGER = logging.getLogger(__name__)

MAX_OUTSIDE = 0.25
"""Share of a region that may lie outside of the picture."""


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
        harvests: Whether what it makes of each frame is told in ``taken``.

    Attributes:
        region: Its settings.
        problem: What keeps it from being read, such as ``dark``; empty when nothing does.
        silence: Why it says nothing, and for how long.
        condition: What another region must show for it to be read; None where it always is.
        waits: Whether that is not shown.
        seen: What the last frame that was read said by itself; None before, and while it cannot be read.
        taken: What was made of the last frame that was read, until somebody takes it; None without ``harvests``.
        looked: What came of the last look, for the monitor of drift, which takes it away.
    """

    def __init__(
        self,
        region: Region,
        bundle: Bundle,
        stabilize: Stabilize,
        picture: Picture,
        counters: Counters,
        checks: Mapping[str, Check] | None = None,
        *,
        harvests: bool = False,
    ) -> None:
        self.region, self.problem = region, ""
        self.seen: Reading | None = None
        self.taken: wanted.Look | None = None
        self._notes = Recording() if harvests else None
        self._spoiled = False
        self.looked: Look | None = None
        self._stabilize, self._picture, self._counters = stabilize, picture, counters
        self._bundle, self._scale = bundle, 1.0
        self.condition, self.waits = condition(region, bundle), False
        self._pattern = region_setup.pattern(region, bundle, checks)
        if note := region_setup.blind(region, bundle, self._pattern):
            _LOGGER.warning("region %s: %s", region.name, note)
        self._pipeline = region_setup.pipeline(region, bundle, self._pattern, trace=self._notes or OFF)
        # What a space or a mark means depends on who reads.
        self._spoken = self._pattern.over(self._pipeline.labels) if self._pattern else None
        self._measure = region_setup.measure(region)
        self._stabilizer = self.fresh()
        self._belief = Belief(region.value, stabilize.certainty) if region.value else None
        self._change = ChangeDetector(region.min_change)
        self._still: Settled | None = None
        self._read_at = -np.inf
        self.silence = Silence(PATIENCE * stabilize.frames + 1)

    def take_over(self, old: "RegionReader") -> None:
        """Go on with another reader's memory, where it was of the same region and labels."""
        if old.region.name != self.region.name:
            return
        if old._pipeline.labels == self._pipeline.labels:
            fresh = self._stabilizer
            self._stabilizer = replace(
                old._stabilizer,
                settings=fresh.settings,
                min_confidence=fresh.min_confidence,
                measure=fresh.measure,
            )
        # A text that begins to be a number, or another one, is news again.
        same = old.region.value == self.region.value
        self._stabilizer.resume(old._stabilizer.said if same else "")
        self.silence.spoken = same and old.silence.spoken
        if self._belief and old._belief:
            self._belief.take_over(old._belief)

    def resume(self, last: Reading, now: float, monotonic: float) -> bool:
        """Go on where an earlier run of the program ended.

        Args:
            last: The last reading of this region that was believed.
            now: Epoch seconds.
            monotonic: The same moment on ``time.monotonic``.

        Returns:
            Whether its text is not said again while it stands.
        """
        stands = (last.value is None) == (self._belief is None)
        if stands:
            self.silence.spoken = True
            self._stabilizer.resume(last.raw or last.text)
        if last.value is not None and self._belief:
            self._belief.resume(last.value, monotonic - max(now - last.time, 0.0))
        return stands

    @property
    def bundle(self) -> str:
        """Name of the bundle that reads."""
        return self._bundle.path.name

    def fit(self, scale: float) -> None:
        """Expect text that is larger by a factor than the settings say: frames need not have their size."""
        if self.region.text_height and abs(scale - self._scale) > 0.01:
            self._scale = scale
            trace = self._notes or OFF
            self._pipeline = region_setup.pipeline(self.region, self._bundle, self._pattern, scale, trace)

    def is_active(self, now: float) -> bool:
        """Whether its schedule has it read at this time (epoch seconds, local time of day)."""
        return schedule.active(self.region.schedule, dt.datetime.fromtimestamp(now).time())

    def is_still(self, monotonic: float) -> bool:
        """Whether it need not be looked at while the picture does not change."""
        if self.waits:  # for what another region shows, which is looked at
            return True
        return self._still is not None and monotonic - self._read_at < self.region.reread_s

    def rest(self, monotonic: float) -> list[Reading]:
        """Nothing changed: what stood there still stands, which may make a doubted number believable."""
        if self.waits:
            return self.wait(monotonic)
        self._counters.unchanged += 1
        if self._still and self._still.reading is None:
            self._stabilizer.nothing(monotonic)
            self._says_nothing(self.silence.why, monotonic)
        if self._still and self._still.reading:
            return self.judged(self._still.reading, monotonic, is_news=False)
        return []

    def wait(self, monotonic: float) -> list[Reading]:
        """Leave a frame out because its condition does not hold: nothing is said."""
        self.waits = True
        self.problem = self.condition.problem(monotonic) if self.condition else ""
        return []

    @property
    def shown(self) -> Reading | None:
        """What the frame that was looked at last shows by itself; None where nothing is sure enough."""
        return self.seen if self.seen and self.is_sure(self.seen) else None

    def is_sure(self, reading: Reading) -> bool:
        """Whether a reading that is not fused is as sure as the region's must be."""
        return bool(reading.lines) and reading.sureness(self._measure) >= self.region.min_confidence

    def unseen(self) -> None:
        """Note that it is not looked at, so that what it showed holds no more."""
        self.seen = None

    def look(self, frame: Frame, cut: rectify.Rectified) -> list[Reading]:
        """Look at a frame.

        Args:
            frame: The frame.
            cut: This region's part of it.

        Returns:
            What is to be said now: at most one reading.
        """
        self.waits = False
        if self.condition:
            self.condition.met(frame.monotonic)
        if self.is_still(frame.monotonic) and not self._change.changed(cut.image):
            return self.rest(frame.monotonic)
        self.seen = None
        judged = self.judge_quality(cut)
        if judged.problem:
            self._still = None
            return []
        reading = self.read(frame, cut)
        settled = self._stabilizer.push(reading, frame.monotonic, judged.weight)
        if self.taken and settled.reading and (agreed := settled.reading.text) != reading.text:
            self.taken = replace(self.taken, disagrees=f"{reading.text} in this frame, {agreed} in all")
        self._still = settled if settled.is_still else None
        if settled.is_still:
            self._change.keep(cut.image)
            self._read_at = frame.monotonic
        fused = settled.reading
        if fused and self._pattern and not self.is_legal(fused):
            # Each frame's text was legal, but what they have in common is not.
            self.problem = f"the frames' texts together do not match {self._pattern.told}: {fused.text}"
            return []
        if settled.reading is None:
            unsure = "below min_confidence" if settled.is_still else "the frames do not agree"
            self._says_nothing(reading.why or unsure, frame.monotonic)
            # A meter that shows nothing is worth a word at once; an empty belt is not.
            if settled.is_still and self._belief:
                self._belief.pause()
                self.problem = f"nothing to read: {self.silence.why}"
            return []
        self.silence.over()
        return self.judged(settled.reading, frame.monotonic, is_news=settled.is_news)

    def _says_nothing(self, why: str, monotonic: float) -> None:
        """Note why, and have a word about it now and then; in the state only where it may be a mistake of the setup."""
        if self.silence.lasts(why, monotonic):
            _LOGGER.info("region %s: nothing read for %s: %s", self.region.name, self.silence.span, why)
        if self.silence.is_suspicious or (self.silence.is_long and self._belief):
            self.problem = f"nothing to read: {why}"

    def is_legal(self, reading: Reading) -> bool:
        """Whether each line of a fused reading is one that the pattern allows."""
        return self._spoken is None or all(self._spoken.matches(line.text) for line in reading.lines)

    def judge_quality(self, cut: rectify.Rectified) -> quality.Quality:
        """What the picture of the region is worth; ``problem`` is noted."""
        judged = quality.judge(cut.image, self._picture)
        if cut.outside > MAX_OUTSIDE:
            judged = replace(
                judged, problem=f"{cut.outside:.0%} of it lies outside of the picture", weight=0.0
            )
        self.problem, self._spoiled = judged.problem, bool(judged.problem)
        self.looked = Look(judged)
        if judged.problem:
            self.seen = None
            self._counters.spoiled[judged.problem if cut.outside <= MAX_OUTSIDE else "outside"] += 1
        return judged

    def read(self, frame: Frame, cut: rectify.Rectified) -> Reading:
        """Read one frame by itself; boxes are the frame's."""
        reading = self._alone(self._pipeline.read(cut.image, source=frame.source, time=frame.captured_at))
        self._counters.read += 1
        self._counters.read_seconds += reading.timing_ms["total"] / 1000
        if self._notes and not self._spoiled:
            # The recording goes on with new lists.
            self.taken = wanted.Look(cut.image, reading, copy.copy(self._notes))
        lines = tuple(rectify.moved(line, cut.matrix, frame.image.shape[:2]) for line in reading.lines)
        self.seen = replace(reading, lines=lines, region=self.region.name)
        if self.looked is not None:
            self.looked.reading = self.seen
        return self.seen

    def _alone(self, reading: Reading) -> Reading:
        """A number's reading without the lines that are its unit, which stands beside it."""
        rules = self.region.value
        if rules is None or len(reading.lines) < 2:
            return reading
        lines = tuple(line for line in reading.lines if not is_unit(line.text, rules.unit))
        return replace(reading, lines=lines) if lines else reading

    def fresh(self) -> Stabilizer:
        """A stabilizer that has seen nothing yet, such as a thing of its own needs."""
        least = self.region.min_confidence
        return Stabilizer(self._pipeline.labels, self._stabilize, least, self._measure)

    def judged(self, reading: Reading, monotonic: float, *, is_news: bool) -> list[Reading]:
        """What is said of a settled reading: it, if it is news; of a number also whether it is believed.

        A believed number is said when it is new, a rejected one once, with its reason.
        """
        if self._belief is None:
            return [reading] if is_news else []
        verdict, is_news = self._belief.judge(reading, monotonic, is_news=is_news)
        if verdict.value is not None:
            self.problem = ""
            unit = self._belief.rules.unit
            return [replace(reading, raw=reading.text, value=verdict.value, unit=unit)] if is_news else []
        if self.taken:
            self.taken = replace(self.taken, verdict=verdict.why)
        self.problem = f"a number is not believed ({verdict.rule})"
        if self.looked is not None:
            self.looked.believed = False
        if not is_news:
            return []
        self._counters.rejected[self.region.name, verdict.rule] += 1
        return [replace(reading, lines=(), raw=reading.text, why=verdict.why)]
