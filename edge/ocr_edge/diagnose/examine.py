"""All checks, one after the other, none of which can hang or end the others."""

import threading
from collections.abc import Callable, Iterable, Sequence

from ocr_edge.diagnose import board, camera, network, packages, python, service, settings, storage
from ocr_edge.diagnose.check import Check, unknown
from ocr_edge.diagnose.probe import Probe
from ocr_edge.errors import OcrEdgeError

Checks = Callable[[Probe], Iterable[Check]]

CHECKS: tuple[Checks, ...] = (
    python.interpreter,
    python.environment,
    python.from_pip,
    packages.opencv,
    packages.imports,
    packages.runtime,
    packages.pages,
    camera.picamera2,
    camera.devices,
    camera.lines,
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
    settings.loads,
    settings.secrets,
    settings.writable,
    settings.bundle,
    network.reachable,
    service.unit,
)

LIMIT_S = 90.0
"""Seconds for one check: an import from a slow SD card may take half a minute."""


def examine(
    probe: Probe,
    checks: Sequence[Checks],
    limit_s: float = LIMIT_S,
    tell: Callable[[str], object] = str,
) -> list[Check]:
    """Run checks.

    Args:
        probe: The machine.
        checks: What to look at.
        limit_s: Seconds for each of them.
        tell: Hears the name of each check before it begins.

    Returns:
        What was found; a check that failed itself or took too long is ``unknown``.
    """
    found: list[Check] = []
    for check in checks:
        name = f"{check.__module__.rpartition('.')[2]} {check.__name__}".replace("_", " ")
        tell(name)
        mine: list[Check] = []
        # A daemon thread: one that hangs in a driver or a dead network disk does not keep the program alive.
        thread = threading.Thread(target=_collect, args=(check, probe, name, mine), daemon=True)
        thread.start()
        thread.join(limit_s)
        found += list(mine)
        if thread.is_alive():
            found.append(unknown(name, f"took longer than {limit_s:g} s; not known"))
    return found


def _collect(check: Checks, probe: Probe, name: str, found: list[Check]) -> None:
    try:
        for result in check(probe):
            found.append(result)
    except OcrEdgeError as error:
        found.append(unknown(name, f"not known: {error}"))
    except PermissionError as error:
        found.append(
            unknown(name, f"not known: this user may not look at {error.filename}", "sudo ocr-edge doctor")
        )
    except Exception as error:  # whatever a strange machine does, the other checks are still wanted
        found.append(unknown(name, f"not known: {type(error).__name__}: {error}"))
