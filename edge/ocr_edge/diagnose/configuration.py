"""The configuration: whether it loads, and whether its source, lamp, trigger, bundle and regions can be used."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_edge.diagnose.files import unreadable
from ocr_edge.diagnose.finding import Finding, error, ok, unknown
from ocr_edge.diagnose.probe import Probe, existing
from ocr_edge.errors import ConfigError

if TYPE_CHECKING:  # what comes from packages is imported by the check that needs it: it may be what is broken
    from ocr_edge.config.settings import Gpio

AGAIN = "install a good one: sudo ocr-edge bundle install PATH; or go back: sudo ocr-edge bundle rollback"
WRONG = ConfigError.exit_code


def configuration(probe: Probe) -> Iterator[Finding]:
    """Whether the configuration loads."""
    if probe.config_error:
        advice = (
            f"correct it: sudo nano {probe.config_path}; then: ocr-edge check --config {probe.config_path}"
        )
        if "Permission denied" in probe.config_error:
            advice = "put sudo before the command: sudo ocr-edge doctor"
        yield error("configuration", probe.config_error, advice, code=WRONG)
    elif probe.config is None:
        yield unknown("configuration", "none was looked at", "ocr-edge doctor --config FILE")
    else:
        yield ok("configuration", str(probe.config_path))


def source(probe: Probe) -> Iterator[Finding]:
    """Whether the source exists, as far as that can be seen without opening it."""
    if probe.config is None:
        return
    from msgspec.structs import replace  # noqa: PLC0415 - see above

    from ocr_edge.config import urls  # noqa: PLC0415
    from ocr_edge.sources import opening  # noqa: PLC0415

    settings = probe.config.source
    kind, where = urls.split(settings.url)
    if unreadable(settings.password_file):
        settings = replace(settings, password_file="")
    if why := opening.problem(settings):
        others = ", ".join(f"/dev/{path.name}" for path in probe.glob("/dev/video*")) or "none"
        advice = f"cameras here: {others}; more: v4l2-ctl --list-devices" if kind == "v4l2" else ""
        # What can be plugged in, written or mounted later is waited for.
        yield error("source", why, advice, code=1 if kind in {"v4l2", "file", "dir"} else WRONG)
    elif kind in urls.ON_DISK and not probe.person.may(Path(where), os.R_OK):
        yield error("source", f"user {probe.person.name} may not read {where}")
    else:
        yield ok("source", f"{urls.shown(settings.url)} (not opened)")


def lamp(probe: Probe) -> Iterator[Finding]:
    """Whether the lamp's chip can be had; the lamp stays as it is."""
    if probe.config is not None and probe.config.source.lamp is not None:
        yield _line("lamp", probe.config.source.lamp, probe)


def trigger(probe: Probe) -> Iterator[Finding]:
    """Whether somebody can ask for a picture."""
    config = probe.config
    if config is None or config.source.mode != "trigger":
        return
    from ocr_edge.daemon.asking import nobody_asks  # noqa: PLC0415 - see above

    if why := nobody_asks(config):
        raise ConfigError(why)
    who = config.source.trigger
    asks = [
        name for name, may in (("MQTT", who.mqtt and config.mqtt), ("HTTP", who.http and config.http)) if may
    ]
    if who.gpio is not None:
        line = _line("trigger", who.gpio, probe)
        if line.level != "ok":
            yield line
            return
        asks.append(line.found)
    yield ok("trigger", ", ".join(asks))


def _line(name: str, settings: "Gpio", probe: Probe) -> Finding:
    """Whether the daemon's user may open the chip of a GPIO line."""
    from ocr_edge.sources.gpio import library  # noqa: PLC0415 - see above

    library()
    chip, user = probe.path(settings.chip), probe.person.name
    if not chip.exists():
        others = ", ".join(f"/dev/{path.name}" for path in probe.glob("/dev/gpiochip*")) or "none"
        return error(
            name, f"{settings.chip} is not there; found: {others}", "gpiodetect lists the chips", code=WRONG
        )
    if not probe.person.may(chip, os.R_OK | os.W_OK):
        advice = f"sudo usermod -aG gpio {user}; sudo systemctl restart ocr-edge"
        return error(name, f"user {user} may not open {settings.chip}", advice, code=WRONG)
    return ok(name, f"GPIO {settings.chip} line {settings.line}")


def bundle(probe: Probe) -> Iterator[Finding]:
    """Whether the bundle that the daemon would read with loads and passes its self-test."""
    from ocr_edge.bundles.installed import Installed, proven  # noqa: PLC0415 - see above

    config = probe.config
    threads = config.threads if config is not None else 1
    notes: list[str] = []
    if config is not None and config.bundle is not None:
        probe.bundle = proven(config.bundle, threads, doubted=True)
    else:
        probe.bundle, notes = Installed(probe.state).open_active(threads, doubted=lambda _: True, mark=False)
        if not existing(probe.state).is_dir():
            notes = []  # what is said of the state folder is why none is installed
    if notes:
        yield error("bundle", "; ".join(notes), AGAIN)
    else:
        manifest = probe.bundle.manifest
        yield ok("bundle", f"{manifest.name}, {len(manifest.texts)} labels")
