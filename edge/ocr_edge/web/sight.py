"""What the server asks of the daemon; loads nothing of the server itself."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from ocr_edge.config import Config
from ocr_edge.drift.monitor import Monitor
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.sinks.trying import Receivers
from ocr_edge.web.log_tail import LogTail
from ocr_edge.web.view import Newest


@dataclass(frozen=True, slots=True)
class Setup:
    """What the page may set up.

    Attributes:
        path: The configuration's file.
        receivers: As the configuration had them at the start.
        used: The configuration that is read with now, and the folder of the bundle.
        apply: Has the daemon take the file as it is, between two frames; see ``ocr_edge.daemon.reloads``.
    """

    path: Path
    receivers: Receivers
    used: Callable[[], tuple[Config, Path]]
    apply: Callable[[], Future[str]]


@dataclass(frozen=True, slots=True)
class Bundles:
    """How the page changes the bundle that is read with.

    Attributes:
        state: The state folder.
        reload: Has the daemon take what is on disk, between two frames; returns at once.
        configured: ``bundle`` of the configuration, which comes before all that are installed; empty without one.
    """

    state: Path
    reload: Callable[[], None]
    configured: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the page shows of the daemon.

    Attributes:
        newest: The newest frame.
        store: The file of readings; None where nothing is stored.
        board: Camera, alignment, watchdog and the like, as plain values; asked in the server's thread.
        log: The newest lines of the log.
        setup: What may be set up; None: nothing.
        samples: The folder of samples; None where there is none to look at.
        flush: Has the harvest write what it holds, in any thread; None where nothing is harvested.
        bundles: How bundles are changed; None where they cannot be.
        drift: What each day was like; None where nobody takes note.
    """

    newest: Newest
    store: Path | None
    board: Callable[[], Mapping[str, object]]
    log: LogTail
    setup: Setup | None = None
    samples: Path | None = None
    flush: Callable[[], object] | None = None
    bundles: Bundles | None = None
    drift: Monitor | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the server asks of the daemon.

    Attributes:
        snapshot: The daemon's state; asked for each answer.
        trigger: Called with ``http`` when somebody asks for a picture; must return at once. None: nobody may.
        sight: What the page shows; None without a page.
    """

    snapshot: Callable[[], Snapshot]
    trigger: Callable[[str], None] | None = None
    sight: Sight | None = None
