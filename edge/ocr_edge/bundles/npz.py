"""NumPy archives that somebody else made: each array's claims are checked before memory is given to it."""

import sys
import tokenize
import zipfile
import zlib
from lzma import LZMAError
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from ocr_edge.bundles import untrusted
from ocr_edge.errors import ModelError

MAX_MEMBERS = 64
"""Arrays of an archive; a self-test has nine."""
_KINDS = "biufU"
"""Kinds of numbers and texts that are read; not objects, records or dates."""
_BROKEN = (
    OSError,
    EOFError,
    RuntimeError,  # encrypted
    NotImplementedError,  # a compression nobody uses
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    MemoryError,  # a header nested too deeply, as Python's parser calls it
    RecursionError,
    SyntaxError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
)


def load(path: Path, limit: int) -> dict[str, npt.NDArray[Any]]:
    """All arrays of a ``.npz`` by their names.

    Args:
        path: The archive.
        limit: Most bytes that it may have, packed or not.

    Raises:
        FileNotFoundError: It is not there.
        ModelError: It is damaged, too large, or holds what is no array of numbers or texts.
    """
    try:
        with untrusted.regular(path, limit) as file, untrusted.opened_zip(file) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > limit or len(members) > MAX_MEMBERS:
                raise ModelError(
                    f"{path}: {len(members)} arrays of {size:,} bytes together, at most {MAX_MEMBERS} of {limit:,}"
                    " are read"
                )
            return {member.filename.removesuffix(".npy"): _array(archive, member) for member in members}
    except FileNotFoundError:
        raise
    except _BROKEN as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
        raise ModelError(f"{path}: cannot be read ({why.splitlines()[0]})") from error


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    """One array, whose shape agrees with what is there."""
    with archive.open(member) as file:
        version = npy.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{member.filename}: an array of version {version}")
        # Version 2 says how long its header is in four bytes, and all of it is read before it is judged.
        if version == (2, 0) and member.file_size > 2**16:
            raise ValueError(f"{member.filename}: a header of version 2, which nothing here needs")
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, by_columns, dtype = read(file)
        wanted = dtype.itemsize
        for side in shape:
            wanted *= side
        if dtype.kind not in _KINDS or wanted < 0 or dtype.itemsize == 0:
            raise ValueError(f"{member.filename}: expected numbers or texts, found {dtype} {shape}")
        if wanted != member.file_size - file.tell():
            raise ValueError(f"{member.filename}: {dtype} {shape} needs {wanted:,} bytes, others are there")
        content = file.read()
    found = np.frombuffer(content, dtype)
    # Python itself fails on a text that no Unicode has.
    if dtype.kind == "U" and (np.frombuffer(content, f"{dtype.byteorder}u4") > sys.maxunicode).any():
        raise ValueError(f"{member.filename}: no text")
    return found.reshape(shape, order="F" if by_columns else "C")
