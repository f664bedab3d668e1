"""Bundles below the state folder: taken in, proven, made active, rolled back, and replaced when they are bad."""

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ocr_edge.bundles import archive, proof, selftest, untrusted
from ocr_edge.bundles.load import Bundle, described, load, shipped
from ocr_edge.bundles.shelf import FOLDER, Shelf
from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.files import MANIFEST_NAME, MAX_MANIFEST
from ocr_edge.contract.manifest import Manifest, ManifestError
from ocr_edge.errors import ConfigError, ModelError, OcrEdgeError
from ocr_edge.system.state_dir import as_owner

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """An installed bundle.

    Attributes:
        path: Its folder.
        manifest: What it says about itself; None when that cannot be read.
        size: Bytes of its files.
        active: Whether it is the one to use.
        previous: Whether a rollback goes to it.
        bad: Why it is not used, in words for people; empty when nothing is known against it.
        installed: Epoch seconds of when it was taken in; 0 where that is not known.
    """

    path: Path
    manifest: Manifest | None
    size: int
    active: bool
    previous: bool
    bad: str
    installed: float = 0.0


class Installed:
    """The bundles below a state folder.

    Args:
        state_dir: The state folder; it need not exist yet.

    Attributes:
        folder: Where they are.
        tested: How many test pictures the last proof got right, and of how many; None before one.
    """

    def __init__(self, state_dir: Path) -> None:
        self.folder = state_dir / FOLDER
        self.tested: tuple[int, int] | None = None
        self._shelf = Shelf(self.folder)
        self._refused: dict[Path, str] = {}

    def active(self) -> Path | None:
        """The folder of the bundle that is to be used; None for the shipped one."""
        return self._shelf.active

    def previous(self) -> Path | None:
        """The folder of the bundle that a rollback goes to; None for the shipped one."""
        return self._shelf.previous

    def entries(self) -> list[Entry]:
        """Every installed bundle, the newest first."""
        return [self._entry(path) for path in self._shelf.bundles()]

    def install(self, path: Path) -> Path:
        """Take in a bundle, prove it and make it the active one. When that fails, nothing has changed.

        Args:
            path: A bundle's folder, or a .zip or .tar of one.

        Returns:
            Its folder below the state folder.

        Raises:
            ModelError: It is no bundle, damaged, made for another version, or fails its self-test.
            ConfigError: The state folder cannot be written.
            OcrEdgeError: Somebody else is changing the bundles.
        """
        with archive.opened(path) as files, self._shelf.changing():
            with as_owner(self.folder):
                staged = self._shelf.desk()
            try:
                with as_owner(self.folder):
                    archive.copy(files, staged)
                    staged.chmod(0o755)
                self.tested = proof.prove(staged)
                with as_owner(self.folder):
                    return self._adopt(staged, described(staged))
            except ModelError as error:
                message = str(error).replace(f"bundle {staged}", "").replace(f"{staged}/", "").lstrip(": ")
                raise ModelError(f"{path}: {message}; nothing was changed") from error
            finally:
                with as_owner(self.folder):
                    shutil.rmtree(staged, ignore_errors=True)

    def rollback(self) -> Path | None:
        """Make the previous bundle the active one, and the active one the previous.

        Returns:
            The folder of the bundle that is active now; None for the shipped one.

        Raises:
            ModelError: The previous one is damaged or known to be bad.
            ConfigError: There is no other one, or the state folder cannot be written.
            OcrEdgeError: Somebody else is changing the bundles.
        """
        with self._shelf.changing():
            active, previous = self._shelf.active, self._shelf.previous
            if active == previous:
                raise ConfigError(
                    f"{self.folder}: no other bundle to go back to; "
                    f"{'the one that ships with the program' if active is None else active.name} is in use"
                )
            if previous is not None:
                if why := self._shelf.bad(previous):
                    raise ModelError(f"{previous.name} is known to be bad: {why}; install it again")
                self.tested = proof.prove(previous)
            with as_owner(self.folder):
                self._shelf.switch(previous, active)
            return previous

    def open_active(
        self,
        threads: int = 1,
        doubted: Callable[[Path], bool] = lambda path: False,
        before: Callable[[Path], object] = lambda path: None,
        *,
        mark: bool = True,
    ) -> tuple[Bundle, list[str]]:
        """Load and prove the active bundle; when it is bad, the previous one; at last the shipped one.

        A bundle that failed is marked as bad and not tried again until it is installed again, but only when
        another one works: otherwise the fault lies elsewhere.

        Args:
            threads: CPU threads of each interpreter.
            doubted: Whether a bundle is proven in a process of its own before this one loads it.
            before: Hears of each bundle before it is loaded.
            mark: Whether a bundle that failed is marked as bad; a command that only looks changes nothing.

        Returns:
            The bundle, and what people must know: a line for each bundle that is not used, and one for what is used
            instead. No line when all is well.

        Raises:
            ModelError: Not even the shipped bundle works.
        """
        lines: list[str] = []
        failed: dict[Path, ModelError] = {}
        try:
            wanted = self._wanted()
        except ConfigError as error:
            wanted = []
            lines.append(f"no installed bundle is used: {error}")
        for path in wanted:
            if why := self._refused.get(path) or self._shelf.bad(path):
                lines.append(f"bundle {path.name} is not used, it is known to be bad: {why}")
                continue
            before(path)
            try:
                bundle = proven(path, threads, doubted=doubted(path))
                break
            except ModelError as error:
                failed[path] = error
        else:
            before(shipped())
            bundle = proven(None, threads)
        for path, fault in failed.items():
            lines.append(f"bundle {path.name} is not used: {fault}")
            # What was merely too slow gets another chance at the next start.
            if mark and not isinstance(fault, proof.UndecidedError):
                lines += self.condemn(path, str(fault))
        if lines:
            lines.append(
                f"bundle {bundle.path.name} is used instead; install a good one: ocr-edge bundle install PATH"
            )
        return bundle, lines

    def condemn(self, path: Path, why: str) -> list[str]:
        """Use a bundle no more, until it is installed again.

        Returns:
            A line for people where it cannot be marked as bad, and is only left out until this process ends.
        """
        self._refused[path] = why
        try:
            self._shelf.condemn(path, why)
        except OSError as error:
            return [f"bundle {path.name} cannot be marked as bad: {error.strerror}"]
        del self._refused[path]
        return []

    def _wanted(self) -> list[Path]:
        """The active bundle and, for when it fails, the previous one; none where the shipped one is active."""
        if self._shelf.active is None:
            return []
        return [
            path for path in dict.fromkeys((self._shelf.active, self._shelf.previous)) if path is not None
        ]

    def _adopt(self, staged: Path, manifest: Manifest) -> Path:
        """Move a proven bundle to its place and switch to it."""
        shelf = self._shelf
        place = shelf.place(manifest, staged / MANIFEST_NAME)
        used = next((path for path in self._wanted() if path.is_dir() and not shelf.bad(path)), None)
        if place.is_dir() and not _sound(place):
            shelf.discard(place)
        new = not place.is_dir()
        try:
            if new:
                shelf.add(staged, place)
            shelf.acquit(place)
            if used != place:
                shelf.switch(place, used)
            elif shelf.active != place:  # the previous one, in use because the active one is bad
                shelf.switch(place, None)
        except OSError:
            if new and place.is_dir():
                place.rename(staged)
            raise
        shelf.prune()
        return place

    def _entry(self, path: Path) -> Entry:
        manifest, size, bad, at = None, 0, self._shelf.bad(path), 0.0
        try:
            at = path.stat().st_mtime
            size = sum(file.stat().st_size for file in path.iterdir())
            manifest = manifests.decode(untrusted.content(path / MANIFEST_NAME, MAX_MANIFEST))
        except OSError as error:
            bad = bad or f"cannot be read: {error.strerror}"
        except ManifestError as error:
            bad = bad or f"{MANIFEST_NAME}: {error}"
        return Entry(path, manifest, size, path == self._shelf.active, path == self._shelf.previous, bad, at)


def proven(path: Path | None, threads: int = 1, *, doubted: bool = False) -> Bundle:
    """Load a bundle and run its self-test.

    Args:
        path: Its folder; None for the shipped one.
        threads: CPU threads of each interpreter.
        doubted: Whether to do so in a process of its own first.

    Raises:
        ModelError: It is bad.
    """
    if doubted and path is not None:
        try:
            proof.prove(path)
        except ModelError:
            raise
        except (
            OcrEdgeError
        ) as error:  # a machine without room for a second process: nothing against the bundle
            _LOGGER.warning("%s", error)
    bundle = load(path, threads)
    selftest.prove(bundle)
    return bundle


def _sound(path: Path) -> bool:
    """Whether a bundle that was proven before is still whole."""
    try:
        described(path)
    except ModelError:
        return False
    return True
