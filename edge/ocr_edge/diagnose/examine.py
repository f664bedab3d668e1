"""All checks, one after the other, none of which can hang or end the others."""

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator

from ocr_edge.diagnose import (
    board,
    camera,
    configuration,
    files,
    network,
    packages,
    python,
    regions,
    service,
    storage,
)
from ocr_edge.diagnose.finding import Finding, as_json, error, table, unknown
from ocr_edge.diagnose.probe import Probe
from ocr_edge.errors import ConfigError, OcrEdgeError

_LOGGER = logging.getLogger(__name__)

Check = Callable[[Probe], Iterable[Finding]]
"""Looks at one thing. One that has nothing to say about this machine gives nothing; one that raises an error of this
package has found that."""

LIMIT_S = 90.0
"""Seconds for one check: an import from a slow SD card may take half a minute."""
APART_S = 85.0
"""Seconds for all checks of a configuration in a process of their own: less than ``LIMIT_S``, so that what was found in
time is still told."""


def apart(probe: Probe) -> Iterator[Finding]:
    """What ``CONFIGURATION`` finds, in a process of its own: a broken package may crash that, but not the doctor."""
    path = [str(probe.config_path)] if probe.config_path else []
    done = probe.run(probe.python.executable, "-m", "ocr_edge.diagnose", *path, timeout_s=APART_S)
    for line in done.text.splitlines() if done else ():
        if line.startswith('{"level"'):
            yield Finding(**json.loads(line))
    if done is None or done.code != 0:
        yield packages.outcome("configuration", done, "the process that checks it", "ai-edge-litert", probe)


CONFIGURATION: tuple[Check, ...] = (
    configuration.configuration,
    configuration.source,
    configuration.lamp,
    configuration.trigger,
    configuration.bundle,
    regions.regions,
    files.secrets,
    files.state_folder,
    files.store,
    files.files,
    network.mqtt,
    network.webhook,
    network.http,
)
"""What ``ocr-edge check`` looks at: a configuration, what it names, and who takes the readings."""

MACHINE: tuple[Check, ...] = (
    python.interpreter,
    python.environment,
    python.from_pip,
    packages.opencv,
    packages.imports,
    packages.runtime,
    packages.pages,
    camera.devices,
    camera.seen,
    camera.cma,
    board.throttling,
    board.temperature,
    board.memory,
    board.swap,
    storage.room,
    storage.read_only,
    storage.wear,
    board.synchronised,
    apart,
    network.camera,
    service.unit,
)
"""What ``ocr-edge doctor`` looks at: the machine, and in the middle the same configuration."""


def examine(probe: Probe, checks: Iterable[Check], limit_s: float = LIMIT_S) -> Iterator[Finding]:
    """Run checks.

    Args:
        probe: The machine and its configuration.
        checks: What to look at.
        limit_s: Seconds for each of them.

    Yields:
        What was found; a check that failed itself or took too long is ``unknown``.
    """
    for check in checks:
        name = check.__name__.replace("_", " ")
        _tell(f"looking at {name}")
        found: list[Finding] = []
        # A daemon thread: one that hangs in a driver or a dead network disk does not keep the program alive.
        thread = threading.Thread(target=_collect, args=(check, probe, name, found), daemon=True)
        thread.start()
        thread.join(limit_s)
        late = thread.is_alive()
        _tell("")
        yield from list(found)
        if late:
            yield unknown(name, f"took longer than {limit_s:g} s; not known", code=1)


def show(found: Iterable[Finding], *, json_wanted: bool) -> list[Finding]:
    """Print findings, as JSON or as a table, and give them back."""
    findings = list(found)
    print(as_json(findings) if json_wanted else table(findings))
    return findings


def _tell(text: str) -> None:
    """Show a person at a terminal what is looked at; some checks take a while."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _collect(check: Check, probe: Probe, name: str, found: list[Finding]) -> None:
    try:
        for result in check(probe):
            found.append(result)
    except OcrEdgeError as fault:
        found.append(error(name, str(fault), code=fault.exit_code))
    except PermissionError as fault:
        text = f"not known: this user may not look at {fault.filename}"
        found.append(unknown(name, text, "put sudo before the command", code=ConfigError.exit_code))
    except Exception as fault:  # whatever a strange machine does, the other checks are still wanted
        _LOGGER.debug("the check of %s failed", name, exc_info=True)
        found.append(unknown(name, f"not known: {type(fault).__name__}: {fault}", code=1))
