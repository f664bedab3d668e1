"""What the loop passes on: readings to the outputs, looks to the drift monitor, problems to everyone."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ocr_edge.daemon.outputs import Outputs
from ocr_edge.daemon.scene import Scene
from ocr_edge.drift.monitor import Monitor
from ocr_edge.reading import Reading
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import Health
from ocr_edge.system.notify import Notifier

_LOGGER = logging.getLogger(__name__)

SHOWN = 60
"""Characters of a reading in the status line."""


@dataclass(slots=True)
class Teller:
    """Says what was read and how the daemon is; attributes as those of ``Daemon``."""

    outputs: Outputs
    health: Health
    counters: Counters
    notifier: Notifier
    last: str
    watches: Sequence[Callable[[Frame, Scene], None]]
    drift: Monitor | None
    _noted: set[str] = field(default_factory=set)

    def say(self, frame: Frame | None, readings: Iterable[Reading], scene: Scene) -> None:
        """Publish readings, and show the frame that they are from to whoever watches."""
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
            watch(frame, scene)
        if self.drift is not None:
            _note_looks(frame, scene, self.drift)
        if self.outputs.wants_snapshots:
            self.outputs.snapshot(scene.shown(frame.image))

    def tell(self, scene: Scene) -> None:
        """Pass on what changed on the board."""
        for part in self._noted - scene.problems.keys():
            self.health.problem(part, "")
        for part, what in scene.problems.items():
            self.health.problem(part, what)
        self._noted = set(scene.problems)
        state = self.health.news(time.time())
        if state is not None:
            _LOGGER.log(logging.INFO if state.ok else logging.WARNING, "state: %s", state.text)
            self.outputs.report(state)
        if self.drift is not None:
            self.drift.tick(reader.region.name for reader in scene.readers)
        problems = self.health.state(0.0).text
        last = self.last or "nothing read yet"
        self.notifier.status(last if problems == "ok" else f"{problems}; last reading: {last}")


def _note_looks(frame: Frame, scene: Scene, drift: Monitor) -> None:
    """Hand what came of each region's look to the monitor."""
    alignment, longer = scene.placing.alignment, max(frame.image.shape[:2])
    moved = alignment.moved_pixels / longer if alignment is not None and not alignment.lost else None
    for reader in scene.readers:
        look, reader.looked = reader.looked, None
        if look is not None:
            drift.look(reader.region, reader.bundle, look, moved)
