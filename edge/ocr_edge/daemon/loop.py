"""The loop: the one place that decides what to survive."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain

from ocr_edge.config.settings import SourceSettings
from ocr_edge.daemon.camera_watch import CameraWatch
from ocr_edge.daemon.failures import Failures
from ocr_edge.daemon.outputs import Outputs
from ocr_edge.daemon.reloads import Reloads
from ocr_edge.daemon.scene import Scene
from ocr_edge.daemon.telling import Teller
from ocr_edge.drift.monitor import Monitor
from ocr_edge.errors import OcrEdgeError
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
        last: The last reading of the last run, for the status line.
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
    _camera: CameraWatch = field(init=False)
    _failures: Failures = field(init=False)
    _teller: Teller = field(init=False)

    def __post_init__(self) -> None:
        self._camera = CameraWatch(self.source, self.capturer, self.health, self.counters, self.notifier)
        self._failures = Failures(self.health)
        self._teller = Teller(
            self.outputs, self.health, self.counters, self.notifier, self.last, self.watches, self.drift
        )

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
            self._teller.tell(self.scene)
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
                self._failures.add()
            if self._failures.too_many:
                _LOGGER.error("%d errors in a row; ending, for a fresh start", self._failures.errors)
                return OcrEdgeError.exit_code
        self.notifier.stopping()
        self._teller.tell(self.scene)
        return 0

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
                self._failures.note(self.scene)
                # A picture that somebody put into a folder is answered, also when nothing can be read in it.
                heard = said if self.capturer.in_order else [r for r in said if r.lines or r.raw]
                self._teller.say(frame, heard, self.scene)
                self._camera.look()
                return True
        return self._camera.look()

    def _wait_for_trigger(self, signals: Signals) -> bool:
        """Wait a little for somebody to ask, and answer; whether there may be more."""
        origin = self.trigger.wait(SLICE_S)
        if origin is None:
            return self._camera.look()
        _LOGGER.info("a picture is asked for by %s", origin)
        taken: list[Frame] = []
        with signals.interrupting():
            said = self._answer(taken, self._some(taken))
        self._failures.note(self.scene)
        why = self.capturer.status.detail or "no picture in time"
        heard = said or self.scene.silent(self.source.url, time.time(), why)
        self._teller.say(taken[-1] if taken else None, heard, self.scene)
        return self._camera.look()

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
            self._camera.look()
            if frame is not None:
                self._take(frame)
                taken.append(frame)
                yield frame

    def _take(self, frame: Frame) -> None:
        if not self.counters.frames:
            _LOGGER.info("first frame: %d x %d", frame.image.shape[1], frame.image.shape[0])
        self.counters.frames += 1
        self._fresh = frame.monotonic + 1e-6  # after this frame, which would be given again otherwise
        if self.source.mode == "interval":
            now = time.monotonic()
            self._due = max(self._due + self.source.interval_s, now)

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
