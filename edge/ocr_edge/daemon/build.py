"""From a configuration file to a daemon that runs."""

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from ocr_edge import __version__
from ocr_edge.bundle import Bundle
from ocr_edge.bundle import load as load_bundle
from ocr_edge.config import Config, load
from ocr_edge.counters import Counters
from ocr_edge.daemon.asking import nobody_asks
from ocr_edge.daemon.loop import Daemon
from ocr_edge.daemon.notify import Notifier
from ocr_edge.daemon.outputs import Outputs
from ocr_edge.daemon.scene import Scene
from ocr_edge.daemon.signals import Signals
from ocr_edge.errors import ConfigError, OcrEdgeError
from ocr_edge.health import Health
from ocr_edge.installed import Installed
from ocr_edge.selftest import prove
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.sources import urls
from ocr_edge.sources.capturer import Capturer
from ocr_edge.sources.gpio import Lamp, watch_button
from ocr_edge.sources.opening import open_source
from ocr_edge.sources.trigger import Trigger
from ocr_edge.state_dir import state_dir

_LOGGER = logging.getLogger(__name__)

HOT = {"bundle", "threads", "picture", "check", "region", "stabilize"}
"""Tables and keys that a reload takes; the others need a restart."""


@dataclass(slots=True)
class Builder:
    """Makes scenes of what is on disk, at the start and at every reload.

    Attributes:
        path: The configuration file.
        health: Where it writes what it had to fall back to.
        counters: For the scenes.
        config: As it was at the start.
    """

    path: Path
    health: Health
    counters: Counters
    config: Config

    def scene(self) -> Scene:
        """The scene of the configuration and bundle on disk.

        Raises:
            ConfigError: The configuration is wrong.
            ModelError: No bundle can be used.
        """
        config = load(self.path)
        names = Config.__struct_fields__
        cold = [n for n in names if n not in HOT and getattr(config, n) != getattr(self.config, n)]
        note = f"changed {', '.join(cold)}: needs a restart (sudo systemctl restart ocr-edge)" if cold else ""
        self.health.problem("reload", note)
        hot = msgspec.structs.replace(self.config, **{n: getattr(config, n) for n in HOT})
        return Scene(hot, self.bundle(hot), self.counters)

    def bundle(self, config: Config) -> Bundle:
        """The configured bundle, else the installed one, else the one that ships with the program."""
        if config.bundle:
            bundle = load_bundle(config.bundle, config.threads)
            prove(bundle)
            self.health.problem("bundle", "")
        else:
            bundle, notes = Installed(state_dir(config)).open_active(config.threads)
            self.health.problem("bundle", "; ".join(notes))
        self.health.fact("bundle", bundle.path.name)
        _LOGGER.info("bundle %s (%s)", bundle.manifest.name, bundle.path)
        return bundle


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
    state = state_dir(config)
    kind = urls.split(config.source.url)[0]
    if kind == "picamera2" or (kind in urls.ON_DISK and config.source.mode == "trigger"):
        open_source(config.source, state)  # refuses what can never work; opens nothing yet
    health, counters, trigger = Health(), Counters(), Trigger()
    health.fact("version", __version__)
    builder = Builder(path, health, counters, config)
    with signals.interrupting():
        scene = builder.scene()
    source, fire = config.source, trigger.fire if config.source.mode == "trigger" else None
    with ExitStack() as stack:
        stack.enter_context(alone(state))
        outputs = stack.enter_context(Outputs(config, health, fire))
        last = outputs.resume(scene)
        if config.http:
            from ocr_edge.sinks.http import Page  # noqa: PLC0415 - loads a web server

            def snapshot() -> Snapshot:
                state, latest = health.state(time.time()), tuple(outputs.latest.values())
                return Snapshot(state, counters, outputs.stats, latest, outputs.deleted)

            asked = fire if source.trigger.http else None
            stack.enter_context(Page(config.http, health, snapshot, asked))
        lamp = None
        if source.lamp:
            lamp = stack.enter_context(Lamp(source.lamp, partial(health.problem, "lamp")))
        commit_s = config.store.commit_s if config.store.enabled else 0.0
        capturer = stack.enter_context(Capturer(lambda: open_source(source, state, commit_s), source, lamp))
        if fire and source.trigger.gpio:
            stack.enter_context(watch_button(source.trigger.gpio, trigger, partial(health.problem, "button")))
        daemon = Daemon(
            source=source,
            capturer=capturer,
            scene=scene,
            outputs=outputs,
            health=health,
            counters=counters,
            notifier=Notifier(),
            trigger=trigger,
            rebuild=builder.scene,
            last=last,
        )
        return daemon.run(signals)


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder for this process: two daemons would number and store their readings twice.

    Raises:
        OcrEdgeError: Another daemon holds it; when that has ended, a new start will do.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / "daemon.lock").open("a")
    except OSError as error:  # read-only: nothing is stored, so nothing can be stored twice
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
