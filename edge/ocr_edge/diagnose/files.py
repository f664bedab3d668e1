"""Files that the configuration names: secrets to read, and folders to write."""

import os
from collections.abc import Iterator
from pathlib import Path

from ocr_edge.diagnose.finding import Finding, error, ok, unknown, warning
from ocr_edge.diagnose.probe import Probe, existing
from ocr_edge.errors import ConfigError
from ocr_edge.system import credentials
from ocr_edge.system.state_dir import is_read_only

WRONG = ConfigError.exit_code


def unreadable(secret: str) -> str:
    """Why this user cannot read a secret, as one that systemd gives to the service alone; empty when they can."""
    try:
        credentials.read(secret)
    except ConfigError as fault:
        return str(fault)
    return ""


def secrets(probe: Probe) -> Iterator[Finding]:
    """Whether password files can be read by the daemon, and by nobody else."""
    for table in probe.config.__struct_fields__ if probe.config is not None else ():
        settings = getattr(probe.config, table)
        for key in getattr(settings, "__struct_fields__", ()):
            # A secret's file is a text, as it may be a bare name; certificates and other files are paths.
            name = getattr(settings, key)
            if key.endswith("_file") and name and isinstance(name, str):
                check = _secret if "/" in name else _given
                yield check(f"{table}.{key}", name, probe)


def _given(key: str, name: str, probe: Probe) -> Finding:
    """What is to be said of a secret that systemd gives to the service."""
    if os.environ.get("CREDENTIALS_DIRECTORY"):
        fault = unreadable(name)
        return error(key, fault, code=WRONG) if fault else ok(key, f"secret {name} is given by systemd")
    if stored := probe.glob(f"/etc/credstore*/ocr-edge.{name}"):
        return ok(key, str(stored[0]))
    if os.geteuid() == 0 and probe.unit.get("LoadState") == "loaded":
        advice = (
            f"sudo install -D -m 600 FILE /etc/credstore/ocr-edge.{name}; sudo systemctl restart ocr-edge"
        )
        return error(key, f"no credential {name!r} in /etc/credstore", advice, code=WRONG)
    if probe.unit.get("LoadState") == "loaded":
        return unknown(
            key, f"secret {name} is given by systemd, not seen here", "put sudo before the command"
        )
    return error(key, unreadable(name), f'write {key.rpartition(".")[2]} = "./{name}"', code=WRONG)


def _secret(key: str, name: str, probe: Probe) -> Finding:
    """What is to be said of a secret's file; never what it holds."""
    path, user = Path(name).expanduser(), probe.person.name
    if os.geteuid() not in {0, probe.person.uid}:
        return unknown(key, f"not known: only {user} may look", "sudo ocr-edge doctor")
    if fault := unreadable(name):
        return error(key, fault, f"correct {key}, or make the file", code=WRONG)
    if not probe.person.may(path, os.R_OK):
        return error(key, f"user {user} may not read {path}", f"sudo chown {user} {path}", code=WRONG)
    if path.stat().st_mode & 0o077:
        return warning(key, f"{path} can be read by others", f"sudo chmod 600 {path}")
    return ok(key, str(path))


def state_folder(probe: Probe) -> Iterator[Finding]:
    """Whether the daemon can keep what it must know after a restart; it starts without on a read-only card alone."""
    yield _state(probe)


def store(probe: Probe) -> Iterator[Finding]:
    """Whether the database can be read and its folder written; nothing is made, which might belong to somebody else."""
    if probe.config is None or not probe.config.store.enabled:
        return
    from ocr_edge.sinks.store import queries  # noqa: PLC0415 - needs a package that may be broken here

    path = probe.state / probe.config.store.path
    said = _writable("store", "store.path", path, probe)
    if said.level == "error" and path.is_relative_to(probe.state) and _state(probe).level == "error":
        return  # what is said of the state folder is why
    if said.level == "ok" and path.exists():
        queries.look(path)
    yield said


def files(probe: Probe) -> Iterator[Finding]:
    """Whether the file of readings can be written."""
    if probe.config is not None and probe.config.files is not None:
        yield _writable("files", "files.path", probe.config.files.path, probe)


def _state(probe: Probe) -> Finding:
    return _writable("state folder", "state_dir", probe.state / "daemon.lock", probe)


def _writable(name: str, key: str, path: Path, probe: Probe) -> Finding:
    """Whether the daemon's user may make or change a file; the key says where it is."""
    there, user = existing(path), probe.person.name
    if there.is_dir() == (there == path):
        found, wanted = ("folder", "file") if there == path else ("file", "folder")
        return error(name, f"{there} is a {found}, expected a {wanted}", f"correct {key}", code=WRONG)
    if probe.space(there).total == 0:  # as /proc and /sys, where root may do everything and nothing stays
        return error(name, f"{there}: no file can be kept there", f"correct {key}", code=WRONG)
    # A database and a file that is changed for the next one make files beside themselves.
    folder = there.parent if there == path else there
    for target in (folder, there):
        if not probe.person.may(target, os.W_OK | (os.X_OK if target == folder else 0)):
            if is_read_only(target):  # the daemon starts and tries again
                return error(
                    name, f"{target} is on a read-only disk", "what mounts it: findmnt -T " + str(target)
                )
            advice = f"sudo chown -R {user}: {target}"
            return error(name, f"user {user} may not write {target}", advice, code=WRONG)
    return ok(name, f"user {user} may write {path}")
