"""A bundle as it is handed over: a folder, or a .zip or .tar of one. Only files that its manifest names are taken."""

import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from ocr_edge.bundles import untrusted
from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.files import MANIFEST_NAME, MAX_FILE, MAX_MANIFEST
from ocr_edge.errors import ModelError

MAX_FILES = 1000
MAX_BYTES = MAX_FILE
"""Most that is unpacked."""
_CHUNK = 2**20
_BROKEN = (
    OSError,
    EOFError,
    RuntimeError,  # an encrypted .zip
    NotImplementedError,  # a compression nobody uses
    ValueError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    LZMAError,
)

Files = Mapping[str, IO[bytes]]
"""The open files of a bundle's folder by their plain names."""


class _Member(NamedTuple):
    """A member of an archive or folder: ``kind`` is ``file``, ``folder`` or ``odd``."""

    name: str
    size: int
    kind: str
    open: Callable[[], IO[bytes] | None]


@contextmanager
def opened(path: Path) -> Iterator[Files]:
    """Open everything that lies beside the manifest.

    Args:
        path: A bundle's folder, or an archive that holds one bundle at its top or in one folder.

    Yields:
        The files, open for reading.

    Raises:
        ModelError: There is nothing at ``path``, it holds no bundle, or a member leads outside, is a link or too large.
    """
    with ExitStack() as stack:
        try:
            # One by one: a size is judged before a .tar's content is skipped.
            members = [_checked(member, path) for member in _limited(_members(path, stack), path)]
            files = {}
            for name, member in _beside_manifest(members, path).items():
                content = member.open()
                if content is None:
                    raise ModelError(f"{path}: its member {member.name!r} is not a file")
                files[name] = stack.enter_context(content)
        except _BROKEN as error:
            raise ModelError(f"{path}: cannot be unpacked ({error})") from error
        yield files


def copy(files: Files, folder: Path) -> None:
    """Copy a bundle's files, and wait until they are on the disk.

    Args:
        files: What ``opened`` gave.
        folder: An empty folder.

    Raises:
        ModelError: The manifest or a file it names is missing, damaged or too large.
        OSError: The copy cannot be written.
    """
    text = b"".join(_chunks(MANIFEST_NAME, files[MANIFEST_NAME], MAX_MANIFEST))
    try:
        manifest = manifests.decode(text)
    except manifests.ManifestError as error:
        raise ModelError(f"{MANIFEST_NAME}: {error}") from error
    _write(folder / MANIFEST_NAME, [text])
    left = MAX_BYTES
    # A set: nothing forbids two stages that share a file.
    for name in sorted({*manifest.files, *(stage.file for stage in manifest.stages)} - {MANIFEST_NAME}):
        if name not in files:
            raise ModelError(f"{name} is missing")
        left -= _write(folder / name, _chunks(name, files[name], left))
    fsync(folder)


def fsync(folder: Path) -> None:
    """Wait until a folder's entries are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _members(path: Path, stack: ExitStack) -> Iterator[_Member]:
    if path.is_dir():
        for p in path.iterdir():
            kind = "folder" if p.is_dir() else "file" if p.is_file() else "odd"
            yield _Member(p.name, 0, kind, partial(untrusted.regular, p, MAX_BYTES))
        return
    if not path.exists():
        raise ModelError(f"{path}: no such file or folder")
    content = stack.enter_context(untrusted.regular(path, MAX_BYTES))
    if zipfile.is_zipfile(content):
        archive = stack.enter_context(untrusted.opened_zip(content))
        for entry in archive.infolist():
            # The upper half is the Unix mode; archives from elsewhere leave it empty.
            odd = (entry.external_attr >> 28) not in {0, 0o4, 0o10}
            kind = "odd" if odd else "folder" if entry.is_dir() else "file"
            yield _Member(entry.filename, entry.file_size, kind, partial(archive.open, entry))
        return
    content.seek(0)
    try:
        tar = stack.enter_context(tarfile.TarFile.open(fileobj=content, tarinfo=untrusted.Header))
    except tarfile.ReadError as error:
        raise ModelError(f"{path}: expected a bundle's folder, or a .zip or .tar.gz of one") from error
    for item in tar:
        kind = "file" if item.isreg() and not item.issparse() else "folder" if item.isdir() else "odd"
        yield _Member(item.name, item.size, kind, partial(tar.extractfile, item))


def _limited(members: Iterator[_Member], path: Path) -> Iterator[_Member]:
    size = 0
    for count, member in enumerate(members, 1):
        size += member.size
        if count > MAX_FILES or size > MAX_BYTES:
            raise ModelError(
                f"{path}: more than {MAX_FILES} files or {MAX_BYTES >> 20} MiB; that is not a bundle"
            )
        yield member


def _checked(member: _Member, path: Path) -> _Member:
    name = PurePosixPath(member.name.replace("\\", "/"))
    if ".." in name.parts or name.is_absolute() or "\0" in member.name:
        raise ModelError(f"{path}: its member {member.name!r} leads outside; nothing was unpacked")
    if member.kind == "odd":
        raise ModelError(f"{path}: its member {member.name!r} is a link or a device; nothing was unpacked")
    return member


def _beside_manifest(members: list[_Member], path: Path) -> dict[str, _Member]:
    """The files of the one folder that holds a manifest, by their plain names."""
    files = [(PurePosixPath(member.name), member) for member in members if member.kind == "file"]
    folders = [name.parent for name, _ in files if name.name == MANIFEST_NAME and len(name.parts) <= 2]
    if len(folders) != 1:
        raise ModelError(f"{path}: expected one {MANIFEST_NAME} in the bundle's folder, found {len(folders)}")
    return {name.name: member for name, member in files if name.parent == folders[0]}


def _chunks(name: str, source: IO[bytes], limit: int) -> Iterator[bytes]:
    """The content of a file of at most ``limit`` bytes."""
    while True:
        try:
            chunk = source.read(_CHUNK)
        except _BROKEN as error:
            raise ModelError(f"{name}: cannot be unpacked ({error})") from error
        if not chunk:
            return
        limit -= len(chunk)
        if limit < 0:
            raise ModelError(
                f"{name}: too large; a bundle has at most {MAX_BYTES >> 20} MiB, its manifest 1 MiB"
            )
        yield chunk


def _write(to: Path, chunks: "Iterator[bytes] | list[bytes]") -> int:
    """Write a file for good and say how many bytes it has."""
    with to.open("xb") as target:
        size = sum(target.write(chunk) for chunk in chunks)
        target.flush()
        os.fchmod(target.fileno(), 0o644)
        os.fsync(target.fileno())
    return size
