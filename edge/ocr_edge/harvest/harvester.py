"""Takes what the reader is not sure of, and writes it in batches, in a thread of its own."""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_edge.config.settings import Harvest
from ocr_edge.contract.types import Image
from ocr_edge.geometry.transform import Points
from ocr_edge.harvest import sample
from ocr_edge.harvest.folder import Limits, Samples, SamplesError
from ocr_edge.harvest.likeness import Known, look
from ocr_edge.harvest.sample import About, Sample
from ocr_edge.harvest.wanted import Wanted
from ocr_edge.regions import mask
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)

TAKEN_BYTES = 16_000_000
"""Pixels that wait to be looked at, beside one more: two frames of 1080p where the surroundings are kept."""
WAITING_BYTES = 4_000_000
"""Bytes of samples that wait to be written, some hundred lines; while the disk is full, the oldest go."""
RETRY_S = 60.0
"""Seconds until a disk that could not be written is tried again."""
HOUR_S = 3600.0
LONGEST, QUALITY = 960, 85
"""Longest side in pixels, and JPEG quality, of the picture around: to be looked at, not to be read."""
END_S = 1.0
"""Seconds that ``close`` waits for the disk; systemd waits for all of the daemon."""


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """The picture around a line.

    Attributes:
        image: The frame, uint8 RGB; nobody changes it any more.
        quads: Where its regions are.
        masked: Whether nothing outside of them may be kept.
    """

    image: Image
    quads: tuple[Points, ...]
    masked: bool


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """A line as the reader hands it over.

    Attributes:
        line: It.
        region: Name of its region.
        time: Epoch seconds of the capture.
        bundle: What read it.
        value: The number it stands for, where that was believed.
        around: The picture around it; None where that is not kept.
    """

    line: Wanted
    region: str
    time: float
    bundle: str
    value: float | None = None
    around: Around | None = None

    @property
    def size(self) -> int:
        """Bytes of its pixels."""
        return int(self.line.strip.nbytes + (self.around.image.nbytes if self.around else 0))


class Harvester:
    """Keeps samples; ``with`` or ``close`` ends it.

    Args:
        settings: What is kept, and how much of it.
        samples: Where; this object's thread alone uses it.
        health: Where trouble is written, as ``harvest``.
    """

    def __init__(self, settings: Harvest, samples: Samples, health: Health) -> None:
        self._settings, self._samples, self._health = settings, samples, health
        self._limits = Limits(settings.max_samples, settings.max_mb * 1e6, settings.keep_days * 86400)
        self._changed = threading.Condition()
        # Below: shared, under the lock.
        self._taken: deque[Take] = deque()
        self._bytes = 0
        self._closing = self._flushing = self._idle = False
        # Below: the thread's own.
        self._known: Known | None = None
        self._waiting: deque[Sample] = deque()
        self._since: float | None = None
        self._retry_at = -np.inf
        self._kept: dict[str, deque[float]] = {}
        self._full = False
        self._thread = threading.Thread(target=self._run, name="harvest", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Harvester":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def take(self, take: Take) -> None:
        """Take a line; this costs the reader microseconds, and never waits. When too many wait, it is left out."""
        with self._changed:
            if self._taken and self._bytes + take.size > TAKEN_BYTES:
                return
            self._taken.append(take)
            self._bytes += take.size
            self._changed.notify_all()

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Have everything written now, as for somebody who looks; whether that came true in time."""
        with self._changed:
            self._flushing, self._idle = True, False
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._idle or not self._thread.is_alive(), timeout_s)

    def close(self) -> None:
        """Write what waits, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(END_S)

    def _run(self) -> None:
        try:
            self._samples.clean()
        except SamplesError as error:
            self._failed(error)
        ending = False
        while not ending:
            with self._changed:
                if not (self._taken or self._closing or self._flushing):
                    self._changed.wait(self._wait_s())
                takes, self._taken, self._bytes = self._taken, deque(), 0
                ending, flushing = self._closing, self._flushing
            try:
                for take in takes:
                    self._keep(take)
                if ending or flushing or self._is_due():
                    self._write()
            except SamplesError as error:
                self._failed(error)
            except Exception:  # the thread must outlive what nobody thought of
                _LOGGER.warning("harvest: unexpected", exc_info=True)
            with self._changed:
                if flushing and not self._taken:
                    self._flushing, self._idle = False, True
                    self._changed.notify_all()

    def _wait_s(self) -> float | None:
        """Seconds until something is to be written; None where nothing waits."""
        if self._since is None:
            return None
        return max(self._since + self._settings.commit_s, self._retry_at, time.monotonic()) - time.monotonic()

    def _is_due(self) -> bool:
        now = time.monotonic()
        if self._since is None or now < self._retry_at:
            return False
        size = sum(len(each.data) for each in self._waiting)
        return now - self._since >= self._settings.commit_s or size >= WAITING_BYTES

    def _keep(self, take: Take) -> None:
        """Make a sample of a line, if it shows something new."""
        now = time.monotonic()
        kept = self._kept.setdefault(take.region, deque())
        while kept and now - kept[0] > HOUR_S:
            kept.popleft()
        if len(kept) >= self._settings.per_hour:
            return
        if self._known is None:
            self._known = Known(each.about for each in self._samples.entries() if each.label is None)
        looks = look(take.line.strip)
        if not self._known.adds(take.region, take.line.text, looks):
            return
        made = _made(take, looks)
        if len(made.data) > sample.MAX_BYTES:
            return
        kept.append(now)
        self._known.add(made.about)
        self._waiting.append(made)
        self._since = self._since or now

    def _write(self) -> None:
        """Write what waits, and make room for it."""
        # What was labelled or dropped meanwhile may come again.
        there = self._samples.entries()
        self._known = Known(
            [*(e.about for e in there if e.label is None), *(made.about for made in self._waiting)]
        )
        if self._waiting:
            self._full, was = self._samples.is_full(self._limits), self._full
            if self._full:
                if not was:
                    _LOGGER.warning("harvest: full of labelled samples; export them, then drop them")
                self._known.forget(made.about.id for made in self._waiting)
            else:
                self._samples.add(self._waiting)
                _LOGGER.info("harvest: %d samples kept", len(self._waiting))
            self._waiting.clear()
        self._known.forget(self._samples.tidy(self._limits, time.time()))
        self._since, self._retry_at = None, -np.inf
        self._health.problem("harvest", "")

    def _failed(self, error: SamplesError) -> None:
        """Try again later; meanwhile the newest wait in memory."""
        self._health.problem("harvest", str(error))
        self._retry_at = time.monotonic() + RETRY_S
        while sum(len(each.data) for each in self._waiting) > WAITING_BYTES:
            self._waiting.popleft()


def _made(take: Take, looks: bytes) -> Sample:
    line = take.line
    parts = {"strip": sample.png(line.strip)}
    if line.scores is not None and line.labels:
        parts["posteriors"] = sample.packed(line.scores)
    if take.around:
        parts["surroundings"] = _jpeg(take.around)
    now = time.time()
    about = About(
        # The part of the second, so that names are in order.
        id=f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}-{int(now % 1 * 2**24):06x}",
        time=round(take.time, 3),
        region=take.region,
        bundle=take.bundle,
        reason=line.reason,
        why=line.why[:1000],
        text=line.text[:1000],
        others=tuple(text[:1000] for text in line.others),
        value=take.value,
        confidence=min(max(round(line.confidence, 4), 0.0), 1.0),
        size=line.strip.shape[:2],
        polarity=line.polarity.value if line.polarity else None,
        characters=line.characters,
        labels=line.labels if "posteriors" in parts else (),
        look=looks,
    )
    return sample.made(about, parts)


def _jpeg(around: Around) -> bytes:
    image = mask.outside(around.image, around.quads) if around.masked else around.image
    height, width = image.shape[:2]
    if (share := LONGEST / max(height, width)) < 1:
        size = max(1, round(width * share)), max(1, round(height * share))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
