"""From a configuration file to a daemon that runs."""

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from ocr_edge import __version__
from ocr_edge.bundles.load import Bundle
from ocr_edge.config import Config, load, urls
from ocr_edge.daemon.asking import nobody_asks
from ocr_edge.daemon.identity import device_id
from ocr_edge.daemon.last_run import LastRun
from ocr_edge.daemon.loop import Daemon
from ocr_edge.daemon.models import Models
from ocr_edge.daemon.outputs import Outputs
from ocr_edge.daemon.reloads import Reloads
from ocr_edge.daemon.scene import Scene
from ocr_edge.drift.monitor import Monitor
from ocr_edge.errors import ConfigError, OcrEdgeError
from ocr_edge.sources.base import Frame
from ocr_edge.sources.capture import Capturer
from ocr_edge.sources.gpio import Lamp, watch_button
from ocr_edge.sources.opening import open_source
from ocr_edge.sources.trigger import Trigger
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import Health
from ocr_edge.system.notify import Notifier
from ocr_edge.system.signals import Signals
from ocr_edge.system.state_dir import is_wrong, state_dir

_LOGGER = logging.getLogger(__name__)

HOT = {"bundle", "threads", "picture", "check", "region", "stabilize"}
"""Tables and keys that a reload takes; the others need a restart."""


@dataclass(slots=True)
class Builder:
    """Makes scenes of what is on disk, at the start and at every reload.

    Attributes:
        path: The configuration file.
        health: Where it writes what needs a restart.
        counters: For the scenes.
        models: Chooses the bundle.
        config: As it was at the start.
    """

    path: Path
    health: Health
    counters: Counters
    models: Models
    config: Config
    _used: Config | None = None
    _bundle: Bundle | None = None

    def scene(self, keep_bundle: bool = False) -> tuple[Scene, str]:
        """The scene of the configuration on disk, and what needs a restart, one line.

        Args:
            keep_bundle: Whether to read on with the bundle in use, as long as the configuration names no other one:
                loading it takes as long as many frames.

        Raises:
            ConfigError: The configuration is wrong.
            ModelError: No bundle can be used.
        """
        config = load(self.path)
        names = Config.__struct_fields__
        cold = [n for n in names if n not in HOT and getattr(config, n) != getattr(self.config, n)]
        note = f"changed {', '.join(cold)}: needs a restart (sudo systemctl restart ocr-edge)" if cold else ""
        hot = msgspec.structs.replace(self.config, **{n: getattr(config, n) for n in HOT})
        used, bundle = self._used, self._bundle
        if keep_bundle and used and bundle and (used.bundle, used.threads) == (hot.bundle, hot.threads):
            scene = Scene(hot, bundle, self.counters)
            self._used = hot
        else:
            if bundle is not None:  # a reload: somebody may have mended it
                self.models.forgive()
            scene = self._scene(hot)
        self.health.problem("reload", note)
        return scene, note

    @property
    def used(self) -> tuple[Config, Path]:
        """What is read with now, and the bundle's folder.

        Raises:
            ValueError: No scene was made yet.
        """
        if self._used is None or self._bundle is None:
            raise ValueError("no scene was made yet")
        return self._used, self._bundle.path

    def without_bundle(self, why: str) -> Scene:
        """The same scene, read with another bundle, because the present one fails.

        Args:
            why: What it did.

        Raises:
            ConfigError: The other one lacks what the configuration needs.
            ModelError: There is no other one.
        """
        if self._used is None or self._bundle is None:
            raise ValueError("no scene was made yet")
        self.models.refuse(self._bundle, why)
        return self._scene(self._used)

    def _scene(self, config: Config) -> Scene:
        try:
            bundle = self.models.choose(config)
            scene = Scene(config, bundle, self.counters)
            self._used, self._bundle = config, bundle
        finally:
            if self._bundle is not None:
                self.models.in_use(self._bundle)
        return scene


def run(path: Path, config: Config, signals: Signals) -> int:
    """Run the daemon.

    Args:
        path: The configuration file, read again at a reload.
        config: What it says now.
        signals: What the daemon is told, noted since the process began.

    Returns:
        The exit code.

    Raises:
        ConfigError: The configuration is wrong.
        ModelError: No bundle can be used.
        CaptureError: The source hangs for good.
        Stopped: It was told to end before anything was opened.
    """
    if why := nobody_asks(config):
        raise ConfigError(why)
    state = state_dir(config.state_dir)
    with alone(state), LastRun(state) as last_run:
        return _run(path, config, state, last_run, signals)


def _run(path: Path, config: Config, state: Path, last_run: LastRun, signals: Signals) -> int:
    """As ``run``, with its state folder and what the last run left there."""
    kind = urls.split(config.source.url)[0]
    is_awaited = kind in {"file", "dir"} and config.source.mode != "trigger"  # what a mount may bring later
    if kind == "picamera2" or (kind in urls.ON_DISK and not is_awaited):
        open_source(config.source, state)  # refuses what can never work; opens nothing yet
    health, counters, trigger = Health(), Counters(), Trigger()
    health.fact("version", __version__)
    builder = Builder(path, health, counters, Models(state, health, last_run), config)
    with signals.interrupting():
        scene, _ = builder.scene()
    source, fire = config.source, trigger.fire if config.source.mode == "trigger" else None
    with ExitStack() as stack:
        outputs = stack.enter_context(Outputs(config, health, fire))
        last = outputs.resume(scene)
        lamp = None
        if source.lamp:
            lamp = stack.enter_context(Lamp(source.lamp, partial(health.problem, "lamp")))
        commit_s = config.store.commit_s if config.store.enabled else 0.0
        capturer = stack.enter_context(Capturer(lambda: open_source(source, state, commit_s), source, lamp))
        if fire and source.trigger.gpio:
            stack.enter_context(watch_button(source.trigger.gpio, trigger, partial(health.problem, "button")))
        notifier = Notifier()
        watches: list[Callable[[Frame, Scene], None]] = []
        flush: Callable[[], object] | None = None
        if config.harvest:
            from ocr_edge.daemon.harvesting import harvest  # noqa: PLC0415 - nothing of it is loaded without [harvest]

            reaper = harvest(config.harvest, state, health, stack)
            watches.append(reaper)
            flush = reaper.flush
        reloads = Reloads()
        drift = stack.enter_context(Monitor(state, health))
        if config.http:
            from ocr_edge.daemon.serving import serve  # noqa: PLC0415 - nothing of it is loaded without [http]
            from ocr_edge.sinks.trying import Receivers  # noqa: PLC0415
            from ocr_edge.web.sight import Setup  # noqa: PLC0415

            receivers = Receivers(config, device_id(config), state)
            setup = Setup(path, receivers, lambda: builder.used, reloads.ask)
            watch = serve(
                config,
                health,
                counters,
                outputs,
                capturer,
                notifier,
                trigger,
                setup,
                stack,
                signals.ask_reload,
                drift,
                flush=flush,
            )
            watches += [watch] if watch else []
        daemon = Daemon(
            source=source,
            capturer=capturer,
            scene=scene,
            outputs=outputs,
            health=health,
            counters=counters,
            notifier=notifier,
            trigger=trigger,
            rebuild=builder.scene,
            without_bundle=builder.without_bundle,
            last=last,
            watches=watches,
            reloads=reloads,
            drift=drift,
        )
        return daemon.run(signals)


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder for this process: two daemons would number and store their readings twice.

    Raises:
        ConfigError: It cannot be made or written, and waiting will not help.
        OcrEdgeError: Another daemon holds it; when that has ended, a new start will do.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / "daemon.lock").open("a")
    except OSError as error:
        if is_wrong(state, error):
            raise ConfigError(
                f"state_dir {state}: cannot be made or written: {error.strerror};"
                " set state_dir to a folder that this user may write"
            ) from error
        # Read-only or full: nothing is stored, so nothing can be stored twice.
        _LOGGER.warning("%s: cannot be written: %s", state, error.strerror)
        yield
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OcrEdgeError(
                f"{state}: another ocr-edge works here; give this one a state_dir of its own"
            ) from error
        yield
