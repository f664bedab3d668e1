"""The files of a bundle: their names, how large they may be, and their hashes."""

import hashlib
from io import BufferedReader
from pathlib import Path

MANIFEST_NAME = "manifest.json"
CARD_NAME = "card.md"
SELFTEST_NAME = "selftest.npz"
RELIABILITY_NAME = "reliability.png"

MAX_MANIFEST, MAX_FILE = 2**20, 2**29
"""Largest manifest, and largest other file of a bundle, in bytes. The shipped default has 0.1 and 4 MB; the largest
networks of use on a Pi have some tens."""
MAX_NAME = 255
"""Most bytes of a file's name on the file systems of Linux."""


def check_name(file: str) -> None:
    """Refuse what is no plain name of a file.

    Raises:
        ValueError: It leads elsewhere, is too long, or has characters that cannot be shown.
    """
    plain = Path(file).name == file and file.isprintable() and 0 < len(file.encode()) <= MAX_NAME
    if not plain or file in {"..", MANIFEST_NAME}:
        raise ValueError(f"file {file[:MAX_NAME]!r}: expected a plain name of another file inside the bundle")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return digest(file)


def digest(file: BufferedReader) -> str:
    """The SHA-256 of an open file, hexadecimal."""
    return hashlib.file_digest(file, "sha256").hexdigest()
