"""The folder that installed bundles stand in, changed so that a power cut leaves it as it was or as it should be.

``<name>-<first 12 figures of the manifest's SHA-256>/`` is a bundle. The links ``active`` and ``previous`` name two
of them; where there is no link, the bundle that ships with the program is meant. A file ``<bundle>.bad`` says why
a bundle is not to be used. Names that begin with a dot are unfinished work.
"""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ocr_edge.bundles import archive
from ocr_edge.contract.files import sha256
from ocr_edge.contract.manifest import Manifest
from ocr_edge.errors import ConfigError, OcrEdgeError
from ocr_edge.system.state_dir import as_owner

KEEP = 3
"""Bundles that stay; the active and the previous one always do."""

FOLDER = "bundles"
"""Name of the folder below the state folder."""
FIGURES = 12
"""Figures of the manifest's SHA-256 in the name of an installed bundle."""
_LOCK = ".lock"


class Shelf:
    """Installed bundles and the two links. Everything raises ConfigError where this user may not look.

    Args:
        folder: Where they are; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def active(self) -> Path | None:
        """The bundle that is to be used; None for the shipped one."""
        return self._target("active")

    @property
    def previous(self) -> Path | None:
        """The bundle that was used before; None for the shipped one."""
        return self._target("previous")

    def bundles(self) -> list[Path]:
        """All bundles, the newest first."""
        try:
            found = [
                p for p in self.folder.iterdir() if p.is_dir() and not p.is_symlink() and p.name[0] != "."
            ]
            return sorted(found, key=lambda path: (-path.stat().st_mtime, path.name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigError(f"{self.folder}: {_plain(error)}") from error

    def place(self, manifest: Manifest, text: Path) -> Path:
        """Where a bundle belongs, given its manifest and the manifest's file."""
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", manifest.name).lstrip(".-")[:40] or "bundle"
        return self.folder / f"{name}-{sha256(text)[:FIGURES]}"

    def bad(self, bundle: Path) -> str:
        """Why a bundle is not to be used; empty when nothing is known against it."""
        try:
            return _mark(bundle).read_text(encoding="utf-8", errors="replace").strip() or "unknown"
        except OSError:
            return ""

    def condemn(self, bundle: Path, why: str) -> None:
        """Mark a bundle as bad.

        Raises:
            OSError: The disk is full or read-only.
        """
        fresh = self.folder / f".{bundle.name}.{os.getpid()}"
        with fresh.open("w", encoding="utf-8") as file:
            file.write(why + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(_mark(bundle))
        archive.fsync(self.folder)

    def acquit(self, bundle: Path) -> None:
        """Forget what is known against a bundle."""
        _mark(bundle).unlink(missing_ok=True)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Make the folder, keep others out of it, and turn what the disk says into one line.

        Raises:
            ConfigError: The folder cannot be written.
            OcrEdgeError: Somebody else is changing it.
        """
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with as_owner(self.folder.parent):
                with suppress(FileExistsError):  # another command may make it at the same time
                    self.folder.mkdir()
                    self.folder.chmod(0o755)
                lock = os.open(
                    self.folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644
                )
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield
            finally:
                os.close(lock)
        except BlockingIOError as error:
            raise OcrEdgeError(
                f"{self.folder}: another command is changing the bundles; try again later"
            ) from error
        except OSError as error:
            raise ConfigError(f"{self.folder}: {_plain(error)}; nothing was changed") from error

    def desk(self) -> Path:
        """A new empty folder for unfinished work, after what a killed command left was cleared away."""
        for path in self.folder.glob(".*"):
            if path.name == _LOCK:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))

    def add(self, finished: Path, place: Path) -> None:
        """Move a finished bundle to its place.

        Raises:
            OSError: The disk is full or read-only.
        """
        finished.rename(place)
        os.utime(place)
        archive.fsync(self.folder)

    def switch(self, active: Path | None, previous: Path | None) -> None:
        """Set both links.

        Raises:
            OSError: The disk is full or read-only; then neither was changed.
        """
        links = {"active": active, "previous": previous}
        for name, bundle in links.items():
            fresh = self.folder / f".{name}"
            fresh.unlink(missing_ok=True)
            if bundle is not None:
                fresh.symlink_to(bundle.name)
        # Between the two a power cut leaves the wanted active one, and a previous one that is one switch old.
        for name, bundle in links.items():
            if bundle is None:
                (self.folder / name).unlink(missing_ok=True)
            else:
                (self.folder / f".{name}").replace(self.folder / name)
        archive.fsync(self.folder)

    def discard(self, bundle: Path) -> None:
        """Delete a bundle; a power cut leaves nothing that looks like half of one."""
        gone = self.folder / f".old-{bundle.name}"
        shutil.rmtree(gone, ignore_errors=True)
        bundle.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def prune(self) -> None:
        """Delete all but the newest ``KEEP`` bundles, the active and the previous one, as far as that can be done."""
        with suppress(OSError):
            for path in self.bundles()[KEEP:]:
                if path not in {self.active, self.previous}:
                    self.discard(path)
            for mark in self.folder.glob("*.bad"):
                if not mark.with_suffix("").exists():
                    mark.unlink(missing_ok=True)

    def _target(self, name: str) -> Path | None:
        try:
            return self.folder / Path(os.readlink(self.folder / name)).name
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"{self.folder / name}: {_plain(error)}") from error


def altered(bundle: Path, manifest: bytes) -> str:
    """How the manifest of an installed bundle differs from the one that was installed.

    Args:
        bundle: A bundle's folder, or a link to it.
        manifest: The content of its manifest.

    Returns:
        Words for people; empty when it does not, or when the bundle is none that was installed.
    """
    place = bundle.resolve()
    promised = place.name.rpartition("-")[2]
    installed = place.parent.name == FOLDER and (place.parent / _LOCK).is_file() and len(promised) == FIGURES
    found = hashlib.sha256(manifest).hexdigest()[:FIGURES]
    if not installed or found == promised:
        return ""
    return f"was changed after it was installed: SHA-256 {found}…, the folder's name says {promised}…"


def _mark(bundle: Path) -> Path:
    return bundle.with_name(bundle.name + ".bad")


def _plain(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full; make room and try again"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "this user may not go there; put sudo before the command, or give --state-dir"
    if error.errno == errno.EROFS:
        return "is on a read-only disk; make it writable with: sudo mount -o remount,rw /"
    return f"cannot be used: {error.strerror}"
