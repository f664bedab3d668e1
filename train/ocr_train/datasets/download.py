"""Downloads: in pieces, resumable, checked against a SHA-256, and complete or not there at all."""

import hashlib
import http.client
import logging
import shutil
import sys
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from ocr_edge.errors import ConfigError
from ocr_train.datasets import emnist

_LOGGER = logging.getLogger(__name__)
EMNIST_URL = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
"""NIST's archive of all six data sets, 561,753,746 bytes."""
EMNIST_SHA256 = "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"
"""As TensorFlow Datasets records it for this archive."""
_BLOCK = 1 << 18
_LARGEST_MEMBER = 1 << 31
"""Bytes of one unpacked file; the official ones stay far below."""


def download(url: str, path: Path, sha256: str | None = None, *, timeout_s: float = 30.0) -> str:
    """Fetch a file, going on where an interrupted download stopped.

    What has arrived is kept as ``<path>.part``. It is taken up again only where a checksum can prove that the
    two halves belong together. A file that is already there is not fetched again.

    Args:
        url: ``http`` or ``https`` address.
        path: The file to write.
        sha256: Expected checksum, hexadecimal; None accepts anything and logs the checksum, so that it can be
            pinned.
        timeout_s: Seconds without a byte from the server after which to give up.

    Returns:
        The SHA-256 of the file, hexadecimal.

    Raises:
        ConfigError: The server refused, is not reached or broke off; the disk is full; the checksum differs.
    """
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"download {url}: expected an http or https address")
    part = path.with_name(path.name + ".part")
    try:
        if path.exists():
            return _checked(path, sha256, url)
        path.parent.mkdir(parents=True, exist_ok=True)
        if sha256 is None:
            part.unlink(missing_ok=True)
        _fetch(url, part, timeout_s)
        digest = _checked(part, sha256, url)
        part.replace(path)
    except urllib.error.HTTPError as error:
        raise ConfigError(f"download {url}: the server answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise ConfigError(f"download {url}: cannot be reached ({error.reason})") from error
    except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise ConfigError(f"download {url}: broke off ({error}); run again to go on") from error
    except OSError as error:
        raise ConfigError(f"download {url}: {part}: {error.strerror}") from error
    if sha256 is None:
        _LOGGER.info("%s: sha256 %s; pin it to have the next download checked", path, digest)
    return digest


def fetch_emnist(
    folder: Path,
    names: Sequence[str] = ("byclass",),
    *,
    url: str = EMNIST_URL,
    sha256: str | None = EMNIST_SHA256,
    timeout_s: float = 30.0,
) -> list[Path]:
    """Download EMNIST and unpack the files of some of its data sets; the archive is left beside them.

    Args:
        folder: Where to put them.
        names: Which data sets, of ``emnist.NAMES``.
        url: The official archive or a copy of it.
        sha256: Its checksum; None accepts anything.
        timeout_s: See ``download``.

    Returns:
        The idx and mapping files, which ``emnist:FOLDER?name=NAME`` reads.

    Raises:
        ConfigError: Unknown name; or the download or the archive is damaged, or lacks a file.
    """
    unknown = sorted(set(names) - set(emnist.NAMES))
    if unknown:
        raise ConfigError(f"EMNIST has no data set {unknown[0]!r}; known are {', '.join(emnist.NAMES)}")
    wanted = [n if n.endswith(".txt") else f"{n}.gz" for name in names for n in emnist.file_names(name)]
    paths = [folder / name for name in wanted]
    if all(path.is_file() for path in paths):
        return paths
    archive_path = folder / "emnist-gzip.zip"
    download(url, archive_path, sha256, timeout_s=timeout_s)
    try:
        with zipfile.ZipFile(archive_path) as archive:
            # By last name only: a path inside an archive never decides where a file goes.
            members = {info.filename.rpartition("/")[2]: info for info in archive.infolist()}
            for path in paths:
                _unpack(archive, members.get(path.name), path)
    except (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise ConfigError(f"{archive_path}: cannot be unpacked ({error}); delete it and try again") from error
    return paths


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo | None, path: Path) -> None:
    if info is None or info.file_size > _LARGEST_MEMBER:
        found = "is missing" if info is None else f"would be {info.file_size:,} bytes"
        raise ConfigError(f"{archive.filename}: {path.name} {found}; is it NIST's gzip.zip?")
    part = path.with_name(path.name + ".part")
    with archive.open(info) as source, part.open("wb") as target:
        shutil.copyfileobj(source, target)
    part.replace(path)


def _fetch(url: str, part: Path, timeout_s: float) -> None:
    """Append what is missing to the partial file."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        if error.headers.get("Content-Range") == f"bytes */{have}":
            return  # Nothing is missing.
        part.unlink()
        _fetch(url, part, timeout_s)
        return
    with response:
        if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            have = 0  # The server sends the whole file.
        length = response.headers.get("Content-Length", "")
        missing = int(length) if length.isdecimal() else None
        if missing is not None and missing > (free := shutil.disk_usage(part.parent).free):
            raise ConfigError(f"download {url}: needs {missing:,} bytes, but {part.parent} has {free:,} free")
        with part.open("ab" if have else "wb") as target:
            arrived = _copy(response, target, have, missing)
    if missing is not None and arrived < missing:
        raise ConnectionError(f"{arrived:,} of {missing:,} bytes came")


def _copy(source: IO[bytes], target: IO[bytes], have: int, missing: int | None) -> int:
    """Copy to the end, saying how far on stderr: in place on a terminal, every tenth in a log."""
    live, arrived, said_at, said_tenth = sys.stderr.isatty(), 0, 0.0, 0
    while block := source.read(_BLOCK):
        target.write(block)
        arrived += len(block)
        done, total = have + arrived, have + (missing or 0)
        tenth = 10 * done // total if missing else done >> 26  # of unknown length: every 64 MiB
        last = arrived == missing
        if last or (time.monotonic() - said_at > 0.2 if live else tenth > said_tenth):
            share = f" of {total / 1e6:.1f} MB, {100 * done // total} %" if missing else " MB"
            end = "\n" if last or not live else ""
            print(f"{chr(13) if live else ''}{done / 1e6:.1f}{share}", end=end, file=sys.stderr, flush=True)
            said_at, said_tenth = time.monotonic(), tenth
    return arrived


def _checked(path: Path, sha256: str | None, url: str) -> str:
    """The checksum of a file, which must be the expected one; a partial file with another one is deleted."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 is not None and digest != sha256.lower():
        if path.suffix == ".part":
            path.unlink()
            advice = "it was deleted; try again, or give this checksum if you trust the file"
        else:
            advice = "delete it to have it fetched again"
        raise ConfigError(f"{path}: sha256 is {digest}, expected {sha256.lower()} for {url}; {advice}")
    return digest
