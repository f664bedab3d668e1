"""The loop: the one place that decides what to survive."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain

from ocr_edge.config.settings import SourceSettings
from ocr_edge.daemon.outputs import Outputs
from ocr_edge.daemon.reloads import Reloads
from ocr_edge.daemon.scene import Scene
from ocr_edge.drift.monitor import Monitor
from ocr_edge.errors import CaptureError, OcrEdgeError
from ocr_edge.reading import Reading
from ocr_edge.sources.base import Frame
from ocr_edge.sources.capture import Capturer
from ocr_edge.sources.trigger import Trigger
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import Health
from ocr_edge.system.notify import Notifier
from ocr_edge.system.signals import Signals, Stopped

_LOGGER = logging.getLogger(__name__)

SLICE_S = 0.5
"""Longest wait between two looks at signals, watchdog and board."""
HUNG_LIMIT_S = 60.0
"""A source that hangs longer ends the daemon where no watchdog does, so that whoever started it starts it again."""
LOST_LIMIT_S = 300.0
"""A ribbon camera that is lost longer ends the daemon: what libcamera holds is freed by a fresh process alone."""
MAX_ERRORS = 5
"""Errors of our own in a row after which going on makes no sense: a fresh process may do better. Frames that could not
be read are no reason, as long as the self-test passes: a fresh process would fail on them too."""
SHOWN = 60
"""Characters of a reading in the status line."""


@dataclass(slots=True)
class Daemon:
    """Reads frames and publishes what they say until it is told to stop.

    Attributes:
        source: How frames are taken.
        capturer: The open capture thread.
        scene: What is read.
        outputs: Where readings go.
        health: The board of problems.
        counters: The totals.
        notifier: The service manager.
        trigger: Who asks for pictures.
        rebuild: Makes a scene from the configuration on disk, and from the bundle there or, when it is told
            to, from the one in use; also says what needs a restart.
        without_bundle: Makes the same scene with another bundle, given why the present one is not to be used.
        last: The last reading, for the status line.
        watches: Each is called with each frame that was looked at: for people who watch, and for the harvest.
        reloads: Who asks on the page that the configuration be taken; None where nobody can.
        drift: Takes note of what each look was like; None where it is not wanted.
    """

    source: SourceSettings
    capturer: Capturer
    scene: Scene
    outputs: Outputs
    health: Health
    counters: Counters
    notifier: Notifier
    trigger: Trigger
    rebuild: Callable[[bool], tuple[Scene, str]]
    without_bundle: Callable[[str], Scene]
    last: str = ""
    watches: Sequence[Callable[[Frame, Scene], None]] = ()
    reloads: Reloads | None = None
    drift: Monitor | None = None
    _due: float = 0.0
    _fresh: float = 0.0
    _hung_since: float | None = None
    _lost_since: float | None = None
    _errors: int = 0
    _unread: int = 0
    _ask_at: int = MAX_ERRORS
    _noted: set[str] = field(default_factory=set)

    def run(self, signals: Signals) -> int:
        """Work until told to end, or until the end of a finite source.

        Args:
            signals: What the daemon is told.

        Returns:
            The exit code.

        Raises:
            CaptureError: The source hangs, and no watchdog is there to end this.
        """
        step = self._wait_for_trigger if self.source.mode == "trigger" else self._wait_for_frame
        self.notifier.ready()
        while not (signals.stop or self.outputs.gone):
            self._tell()
            asked = self.reloads.taken() if self.reloads else []
            if signals.reload or asked:
                keep_bundle, signals.reload = not signals.reload, False
                self._reload(asked, keep_bundle=keep_bundle)
            try:
                if not step(signals):
                    break
            except Stopped:
                break
            except OcrEdgeError:
                raise
            except Exception:
                _LOGGER.exception("error while reading")
                self._errors += 1
                self.health.problem("program", f"{self._errors} errors in a row; see the log")
            if self._errors >= MAX_ERRORS:
                _LOGGER.error("%d errors in a row; ending, for a fresh start", self._errors)
                return OcrEdgeError.exit_code
        self.notifier.stopping()
        self._tell()
        return 0

    def _read(self) -> None:
        """Note the end of a frame's reading; after some that failed in a row, see whether the networks are sound."""
        if not self.scene.failed:
            self._errors, self._unread, self._ask_at = 0, 0, MAX_ERRORS
            self.health.problem("program", "")
            return
        self._unread += 1
        self.health.problem("program", f"failed on {self._unread} frames in a row; see the log")
        if self._unread < self._ask_at:
            return
        self._ask_at *= 2
        try:
            self.scene.prove()
        except Exception as error:
            _LOGGER.error("%d frames in a row failed, and so does the self-test: %s", self._unread, error)
            self._errors = MAX_ERRORS
        else:
            _LOGGER.error(
                "%d frames in a row failed, the self-test passes: it is what they show; going on",
                self._unread,
            )

    def _wait_for_frame(self, signals: Signals) -> bool:
        """Wait a little for the next frame and read it; whether there may be more."""
        wait = self._due - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, SLICE_S))
        if wait <= SLICE_S:
            frame = self.capturer.next(self._fresh, SLICE_S)
            if frame is not None:
                self._take(frame)
                with signals.interrupting():
                    if self.capturer.separate:
                        said = self._answer([frame], iter(()))
                    else:
                        said = self.scene.look(frame)
                        if self.scene.broken:
                            self._replace_bundle()
                self._read()
                # A picture that somebody put into a folder is answered, also when nothing can be read in it.
                heard = said if self.capturer.in_order else [r for r in said if r.lines or r.raw]
                self._say(frame, heard)
                self._step_done()
                return True
        return self._step_done()

    def _wait_for_trigger(self, signals: Signals) -> bool:
        """Wait a little for somebody to ask, and answer; whether there may be more."""
        origin = self.trigger.wait(SLICE_S)
        if origin is None:
            return self._step_done()
        _LOGGER.info("a picture is asked for by %s", origin)
        taken: list[Frame] = []
        with signals.interrupting():
            said = self._answer(taken, self._some(taken))
        self._read()
        why = self.capturer.status.detail or "no picture in time"
        self._say(taken[-1] if taken else None, said or self.scene.silent(self.source.url, time.time(), why))
        return self._step_done()

    def _answer(self, taken: Sequence[Frame], more: Iterator[Frame]) -> list[Reading]:
        """What a thing of its own says in frames taken already and in some more; asked again when a bundle fails."""
        said = self.scene.answer(chain(tuple(taken), more))
        while self.scene.broken and self._replace_bundle():
            said = self.scene.answer(chain(tuple(taken), more))
        return said

    def _replace_bundle(self) -> bool:
        """Go on with another bundle when a network of the present one has failed; whether there is one."""
        _LOGGER.error("the bundle failed: %s", self.scene.broken)
        try:
            scene = self.without_bundle(self.scene.broken)
        except OcrEdgeError as error:
            _LOGGER.error("no other bundle is used: %s", error)
            self.health.problem("bundle", str(error))
            self.scene.failed = True
            return False
        self._take_scene(scene)
        return True

    def _take_scene(self, scene: Scene) -> None:
        """Read another scene from now on."""
        scene.take_over(self.scene)
        self.scene = scene
        self.outputs.set_regions([reader.region for reader in scene.readers])

    def _some(self, taken: list[Frame]) -> Iterator[Frame]:
        """Frames taken from now on, as many as one answer may need and as come in time."""
        self._fresh = time.monotonic()
        ends = self._fresh + self.source.timeout_s
        while len(taken) < self.source.trigger.frames and time.monotonic() < ends:
            frame = self.capturer.next(self._fresh, SLICE_S)
            self._step_done()
            if frame is not None:
                self._take(frame)
                taken.append(frame)
                yield frame

    def _take(self, frame: Frame) -> None:
        if not self.counters.frames:
            _LOGGER.info("first frame: %d x %d", frame.image.shape[1], frame.image.shape[0])
        self.counters.frames += 1
        self._fresh = frame.monotonic + 1e-6
        if self.source.mode == "interval":
            now = time.monotonic()
            self._due = max(self._due + self.source.interval_s, now)

    def _say(self, frame: Frame | None, readings: Iterable[Reading]) -> None:
        for reading in readings:
            self.outputs.publish(reading)
            self.counters.news[reading.region] += 1
            self.last = reading.text.replace("\n", " ")[:SHOWN] or f"nothing: {reading.why}"
            # Not the text: what is read may be private, and journals travel.
            if reading.lines:
                _LOGGER.info("region %s: news, confidence %.2f", reading.region, reading.confidence)
            else:
                why = "a number is not believed" if reading.raw else f"nothing read: {reading.why}"
                _LOGGER.info("region %s: %s", reading.region, why)
        if frame is None:
            return
        for watch in self.watches:
            watch(frame, self.scene)
        if self.drift is not None:
            self._note_looks(frame, self.drift)
        if self.outputs.wants_snapshots:
            self.outputs.snapshot(self.scene.shown(frame.image))

    def _note_looks(self, frame: Frame, drift: Monitor) -> None:
        """Hand what came of each region's look to the monitor."""
        alignment, longer = self.scene.placing.alignment, max(frame.image.shape[:2])
        moved = alignment.moved_pixels / longer if alignment is not None and not alignment.lost else None
        for reader in self.scene.readers:
            look, reader.looked = reader.looked, None
            if look is not None:
                drift.look(reader.region, reader.bundle, look, moved)

    def _step_done(self) -> bool:
        """Feed the watchdog, unless a capture attempt has not ended in its time; whether the source has more."""
        status = self.capturer.status
        self.counters.capture_errors = status.failures
        self.health.problem("camera", status.detail if status.state in ("lost", "hung") else "")
        now = time.monotonic()
        self._lost_since = (self._lost_since or now) if status.state == "lost" else None
        if now - (self._lost_since or now) > LOST_LIMIT_S and self.source.url.startswith("picamera2:"):
            raise CaptureError(f"{status.detail}; ending, so that a fresh start can free it")
        if status.state != "hung":
            self._hung_since = None
            self.notifier.watchdog()
            return status.state != "ended"
        self._hung_since = self._hung_since or now
        if now - self._hung_since > HUNG_LIMIT_S and self.notifier.watchdog_s is None:
            raise CaptureError(f"camera: {status.detail}; ending, so that a fresh start can free it")
        return True

    def _tell(self) -> None:
        """Pass on what changed on the board."""
        for part in self._noted - self.scene.problems.keys():
            self.health.problem(part, "")
        for part, what in self.scene.problems.items():
            self.health.problem(part, what)
        self._noted = set(self.scene.problems)
        state = self.health.news(time.time())
        if state is not None:
            _LOGGER.log(logging.INFO if state.ok else logging.WARNING, "state: %s", state.text)
            self.outputs.report(state)
        if self.drift is not None:
            self.drift.tick(reader.region.name for reader in self.scene.readers)
        problems = self.health.state(0.0).text
        last = self.last or "nothing read yet"
        self.notifier.status(last if problems == "ok" else f"{problems}; last reading: {last}")

    def _reload(self, asked: Sequence[Future[str]], *, keep_bundle: bool) -> None:
        """Take what is on disk now; on a mistake the old settings stay, and are said to."""
        self.notifier.reloading()
        try:
            scene, note = self.rebuild(keep_bundle)
        except Exception as error:
            if not isinstance(error, OcrEdgeError):
                _LOGGER.exception("error while reloading")
            _LOGGER.error("not reloaded, the old settings stay: %s", error)
            self.health.problem("configuration", f"not reloaded: {error}")
            for each in asked:
                each.set_exception(error)
        else:
            _LOGGER.info("reloaded")
            self.health.problem("configuration", "")
            self._take_scene(scene)
            for each in asked:
                each.set_result(note)
        self.counters.reloads += 1
        self.notifier.ready()
