"""What the HTTP server tells of the daemon, and what its page sees of each frame."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from ocr_edge.alignment.align import Alignment
from ocr_edge.config import Config, urls
from ocr_edge.daemon.identity import device_name
from ocr_edge.daemon.outputs import Outputs
from ocr_edge.daemon.scene import Scene
from ocr_edge.drift.monitor import Monitor
from ocr_edge.geometry import transform
from ocr_edge.harvest.folder import NAME
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.sources.base import Frame
from ocr_edge.sources.capture import Capturer
from ocr_edge.sources.trigger import Trigger
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import Health
from ocr_edge.system.notify import Notifier
from ocr_edge.system.state_dir import state_dir
from ocr_edge.web.log_tail import LogTail
from ocr_edge.web.serving import Serving
from ocr_edge.web.sight import Asked, Bundles, Setup, Sight
from ocr_edge.web.view import Newest, Seen, View

Watch = Callable[[Frame, Scene], None]


def serve(
    config: Config,
    health: Health,
    counters: Counters,
    outputs: Outputs,
    capturer: Capturer,
    notifier: Notifier,
    trigger: Trigger,
    setup: Setup,
    stack: ExitStack,
    reload: Callable[[], None],
    drift: Monitor,
    *,
    flush: Callable[[], object] | None = None,
) -> Watch | None:
    """Begin to serve what ``[http]`` asks for, until the stack is closed.

    ``reload`` is as SIGHUP; ``flush`` has the harvest write.

    Returns:
        What the loop calls with each frame it has looked at; None without a page.
    """
    assert config.http is not None

    def snapshot() -> Snapshot:
        state, latest = health.state(time.time()), tuple(outputs.latest.values())
        return Snapshot(state, counters, outputs.stats, latest, outputs.deleted, strengths(drift))

    may_ask = config.source.mode == "trigger" and config.source.trigger.http
    fire = trigger.fire if may_ask else None
    if config.http.page is None:
        stack.enter_context(Serving(config.http, health, Asked(snapshot, fire)))
        return None
    newest = Newest()
    board = Board(config, capturer, notifier, can_ask=may_ask)
    store = state_dir(config.state_dir) / config.store.path if config.store.enabled else None
    folder = state_dir(config.state_dir)
    sight = Sight(
        newest,
        store,
        board.told,
        stack.enter_context(LogTail()),
        setup=setup,
        samples=folder / NAME,
        flush=flush,
        bundles=Bundles(folder, reload, str(config.bundle or "")),
        drift=drift,
    )
    stack.enter_context(Serving(config.http, health, Asked(snapshot, fire, sight)))

    def watch(frame: Frame, scene: Scene) -> None:
        newest.show(view_of(frame, scene))
        board.looked(scene)

    return watch


def strengths(drift: Monitor) -> Mapping[tuple[str, str], float]:
    """How far each signal of each region has drifted, for the metrics."""
    return {(name, shift.signal): shift.strength for name, r in drift.reports.items() for shift in r.shifts}


def view_of(frame: Frame, scene: Scene) -> View:
    """What was seen in a frame that the scene has just looked at."""
    seen, pose, size = [], scene.placing.pose, scene.placing.size
    for reader in scene.readers:
        corners = reader.region.corners
        placed = transform.apply(pose, corners) if corners and pose is not None else None
        seen.append(Seen(reader.region.name, placed, reader.seen, reader.problem))
    return View(frame.image, frame.captured_at, tuple(seen), scene.is_masked, pose, size)


class Board:
    """Camera, alignment, watchdog, heat: what the page shows beside the board of problems.

    Args:
        config: The checked configuration.
        capturer: The source's thread.
        notifier: The service manager.
        can_ask: Whether the page may ask for a picture.
    """

    def __init__(self, config: Config, capturer: Capturer, notifier: Notifier, *, can_ask: bool) -> None:
        self._capturer, self._notifier, self._can_ask = capturer, notifier, can_ask
        self._name, self._source = device_name(config), config.source
        self._began = time.monotonic()
        self._alignment: Alignment | None = None
        self._regions = tuple(region.name for region in config.region)

    def looked(self, scene: Scene) -> None:
        """Note what the scene found of its marks, and its regions; for the reading thread."""
        self._alignment = scene.placing.alignment
        self._regions = tuple(reader.region.name for reader in scene.readers)

    def told(self) -> Mapping[str, object]:
        """Everything as plain values; for any thread."""
        status, alignment, now = self._capturer.status, self._alignment, time.monotonic()
        fed_s = now - self._notifier.fed_at
        return {
            "name": self._name,
            "up_s": round(now - self._began),
            "camera": {
                "source": urls.shown(self._source.url),
                "mode": self._source.mode,
                "state": status.state,
                "detail": status.detail,
                "failures": status.failures,
            },
            "alignment": alignment
            and {
                "lost": alignment.lost,
                "detail": alignment.detail,
                "score": round(float(alignment.score), 3),
                "moved_pixels": round(float(alignment.moved_pixels), 1),
            },
            "watchdog": self._notifier.watchdog_s
            and {
                "limit_s": self._notifier.watchdog_s,
                "fed_s": round(fed_s, 1) if math.isfinite(fed_s) else None,
            },
            "celsius": temperature(),
            "regions": sorted(self._regions),
            "can_ask": self._can_ask,
        }


def temperature(zones: Path = Path("/sys/class/thermal")) -> float | None:
    """Degrees of the hottest processor; None where the board does not say."""
    degrees = []
    for zone in zones.glob("thermal_zone*"):
        try:
            if "cpu" in (zone / "type").read_text("ascii"):
                degrees.append(int((zone / "temp").read_text("ascii")) / 1000)
        except (OSError, ValueError):
            continue
    return max(degrees, default=None)
