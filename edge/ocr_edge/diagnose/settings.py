"""The configuration: whether it loads, and whether what it names can be used."""

import os
from collections.abc import Iterator
from pathlib import Path

from ocr_edge.diagnose.check import Check, fail, ok, unknown, warn
from ocr_edge.diagnose.packages import SLOW_S, explain
from ocr_edge.diagnose.probe import Probe, existing
from ocr_edge.errors import ConfigError
from ocr_edge.system import credentials


def loads(probe: Probe) -> Iterator[Check]:
    """Whether the configuration loads."""
    if probe.config_error:
        advice = (
            f"correct it: sudo nano {probe.config_path}; then: ocr-edge check --config {probe.config_path}"
        )
        if "Permission denied" in probe.config_error:
            advice = "put sudo before the command: sudo ocr-edge doctor"
        yield fail("configuration", probe.config_error, advice)
    elif probe.config is None:
        yield unknown("configuration", "none was looked at", "ocr-edge doctor --config FILE")
    else:
        yield ok("configuration", str(probe.config_path))


def secrets(probe: Probe) -> Iterator[Check]:
    """Whether password files can be read by the daemon, and by nobody else."""
    config = probe.config
    if config is None:
        return
    named = {
        "source.password_file": config.source.password_file,
        "mqtt.password_file": config.mqtt.password_file if config.mqtt else "",
        "webhook.token_file": config.webhook.token_file if config.webhook else "",
    }
    for key, name in named.items():
        if not name:
            continue
        if os.geteuid() not in {0, probe.person.uid}:
            yield unknown(key, f"not known: only {probe.person.name} may look", "sudo ocr-edge doctor")
        elif "/" not in name:
            stored = probe.glob(f"/etc/credstore*/ocr-edge.{name}")
            if not stored and probe.unit.get("LoadState") == "loaded":
                yield fail(
                    key,
                    f"no credential {name!r} in /etc/credstore",
                    f"sudo install -D -m 600 FILE /etc/credstore/ocr-edge.{name}; sudo systemctl restart ocr-edge",
                )
        else:
            yield _secret(key, name, probe)


def _secret(key: str, name: str, probe: Probe) -> Check:
    """What is to be said of a secret's file; never what it holds."""
    path, user = Path(name).expanduser(), probe.person.name
    try:
        credentials.read(name)
    except ConfigError as error:
        return fail(key, str(error), f"correct {key}, or make the file")
    if not probe.person.may(path, 4):
        return fail(key, f"user {user} may not read {path}", f"sudo chown {user} {path}")
    if path.stat().st_mode & 0o077:
        return warn(key, f"{path} can be read by others", f"sudo chmod 600 {path}")
    return ok(key, str(path))


def writable(probe: Probe) -> Iterator[Check]:
    """Whether the daemon's user may write what the configuration says it shall."""
    wanted = {"state folder": probe.state / "bundles"}
    config = probe.config
    if config is not None and config.store.enabled:
        wanted["store.path"] = probe.state / config.store.path
    if config is not None and config.files is not None:
        wanted["files.path"] = config.files.path
    person = probe.person
    for name, path in wanted.items():
        folder = existing(path if path.is_dir() else path.parent)
        target = path if path.is_file() else folder
        if person.may(folder, 3) and person.may(target, 2):
            yield ok(name, f"user {person.name} may write {target}")
        else:
            yield fail(
                name, f"user {person.name} may not write {target}", f"sudo chown -R {person.name}: {target}"
            )


def bundle(probe: Probe) -> Iterator[Check]:
    """Whether the bundle that the daemon would read with works."""
    config = probe.config
    if config is not None and config.bundle is not None:
        wanted, bad = config.bundle, ""
    else:
        from ocr_edge.bundles.shelf import Shelf  # noqa: PLC0415 - needs a package that may be broken here

        shelf = Shelf(probe.state / "bundles")
        if shelf.active is None:
            return
        wanted, bad = shelf.active, shelf.bad(shelf.active)
    again = "install a good one: sudo ocr-edge bundle install PATH; or go back: sudo ocr-edge bundle rollback"
    if bad:
        yield fail("bundle", f"{wanted.name} is not used: {bad}", again)
        return
    command = (probe.python.executable, "-m", "ocr_edge", "bundle", "verify", str(wanted))
    done = probe.run(*command, timeout_s=SLOW_S)
    if done is None:
        yield unknown("bundle", "Python could not be started")
    elif done.code == 0:
        yield ok("bundle", f"{wanted.name}: {done.last.partition('; ')[2]}")
    else:
        advice = again if done.code == 3 else explain(done, "ai-edge-litert", probe)
        yield fail("bundle", f"{wanted}: {done.last or done.end}", advice)
