"""Which bundle the daemon reads with, and what it falls back to."""

import logging
from pathlib import Path

from ocr_edge.bundles.installed import Installed, proven
from ocr_edge.bundles.load import Bundle, shipped
from ocr_edge.config import Config
from ocr_edge.daemon.last_run import LastRun
from ocr_edge.errors import ModelError
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)

MAX_CRASHES = 2
"""Crashes inside of a bundle's networks after which it is left, although its self-test goes well."""


class Models:
    """Chooses the bundle at the start, at every reload, and when one fails.

    Args:
        state: The state folder.
        health: Where it writes what is not used, and why.
        last: What the last run left; None for a command, which doubts every bundle and notes nothing. A run that cannot
            note anything doubts every bundle too: it would crash again at every start.
    """

    def __init__(self, state: Path, health: Health, last: LastRun | None) -> None:
        self._installed, self._health, self._last = Installed(state), health, last
        self._proven = False
        self._refused: dict[Path, str] = {}
        if last and last.bundle and last.bundle != shipped() and last.crashes >= MAX_CRASHES:
            self._leave(
                last.bundle, f"its networks crashed the program {last.crashes} times in a row ({last.why})"
            )

    def choose(self, config: Config) -> Bundle:
        """The configured bundle, else the installed one, else the one that ships with the program.

        Raises:
            ModelError: The configured bundle is wrong, or none can be used.
        """
        wanted = config.bundle
        if wanted is None:
            bundle, notes = self._installed.open_active(config.threads, self._doubted, self._note)
        elif why := self._refused.get(wanted):
            bundle = self._open(None, config.threads)
            notes = [f"bundle {wanted.name} is not used: {why}", f"bundle {bundle.path.name} is used instead"]
        else:
            bundle, notes = self._open(wanted, config.threads), []
        self._proven = True  # or not used
        self._health.problem("bundle", "; ".join(notes))
        self._health.fact("bundle", bundle.path.name)
        _LOGGER.info("bundle %s (%s)", bundle.manifest.name, bundle.path)
        return bundle

    def in_use(self, bundle: Bundle) -> None:
        """Note what is read with from now on: a reload may have tried another one in vain."""
        self._note(bundle.path)

    def refuse(self, bundle: Bundle, why: str) -> None:
        """Use a bundle no more.

        Args:
            bundle: It.
            why: What it did.

        Raises:
            ModelError: It is the one that everything falls back to.
        """
        if bundle.path == shipped():
            raise ModelError(f"{why}; there is no other bundle to fall back to")
        self._leave(bundle.path, why)

    def forgive(self) -> None:
        """Give a configured bundle another chance: somebody may have mended it."""
        self._refused.clear()

    def _leave(self, path: Path, why: str) -> None:
        self._refused[path] = why
        # A configuration may name the link to the active one; what is not used then is said in this run alone.
        if path.parent != self._installed.folder or path.is_symlink():
            return
        for note in self._installed.condemn(path, why):
            _LOGGER.warning("%s", note)

    def _open(self, path: Path | None, threads: int) -> Bundle:
        self._note(path or shipped())
        return proven(path, threads, doubted=path is not None and self._doubted(path))

    def _doubted(self, path: Path) -> bool:
        last = self._last
        return not self._proven and (last is None or not last.noted or path == last.bundle)

    def _note(self, path: Path) -> None:
        if self._last is not None:
            self._last.reads_with(path)
