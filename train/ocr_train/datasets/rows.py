"""The rows of ``words:`` data, checked, with the bytes of their pictures: see ``ocr_train.datasets.words``."""

import csv
import io
import json
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ocr_edge.errors import ConfigError
from ocr_train.datasets.base import first_line
from ocr_train.datasets.folder import split_of

TRUTH_NAME = "ground_truth.jsonl"
LABELS_NAME = "labels.csv"
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
FIELDS = ("file", "text", "written", "split", "group")
"""What is known of a row."""

Row = dict[str, Any]


def rows_of(path: Path) -> Iterator[tuple[Row, bytes]]:
    """The rows of a folder or archive, each with its picture's bytes, empty where there is no such file.

    Raises:
        ConfigError: The archive, the list or a row is not as it should be.
    """
    return _folder(path) if path.is_dir() else _archive(path)


def field(row: Row, key: str) -> str:
    """A field of a row; empty where it is not known. In JSON a text may be a number."""
    value = row.get(key)
    return "" if value is None else str(value).strip()


def _archive(path: Path) -> Iterator[tuple[Row, bytes]]:
    """The rows of a tar archive with their pictures' bytes."""
    try:
        with tarfile.open(path) as archive:
            files = {
                member.name.removeprefix("./"): (archive.extractfile(member) or io.BytesIO()).read()
                for member in archive
                if member.isfile()
            }
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ConfigError(f"{path}: not a readable tar archive ({first_line(error)})") from error
    if TRUTH_NAME not in files:
        raise ConfigError(f"{path}: {TRUTH_NAME} is missing at the top of the archive")
    for row in _listed(files[TRUTH_NAME], f"{path}: {TRUTH_NAME}"):
        yield row, files.get(field(row, "file").removeprefix("./"), b"")


def _listed(data: bytes, source: str) -> Iterator[Row]:
    """The rows of a ``ground_truth.jsonl``."""
    # Not by splitlines: it also splits where a text holds an unusual space.
    for number, line in enumerate(_decoded(data, source).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{source}, line {number}: not JSON ({error})") from error
        yield _checked(row, f"{source}, line {number}")


def _folder(path: Path) -> Iterator[tuple[Row, bytes]]:
    """The rows of a folder with their pictures' bytes: by the list that lies there, else by file names."""
    table, truth = path / LABELS_NAME, path / TRUTH_NAME
    if truth.is_file():
        rows = list(_listed(_content(truth), str(truth)))
    elif table.is_file():
        rows = _table(table)
    else:
        pictures = sorted(f for f in path.iterdir() if f.suffix.lower() in SUFFIXES)
        rows = [{"file": picture.name, "text": picture.stem.partition("__")[0]} for picture in pictures]
    for row in rows:
        picture = path / field(row, "file")
        row["split"] = row.get("split") or split_of(picture.stem)
        yield row, _content(picture) if picture.is_file() else b""


def _table(path: Path) -> list[Row]:
    """The rows of a ``labels.csv``."""
    reader = csv.DictReader(io.StringIO(_decoded(_content(path), str(path)), newline=""))
    rows: list[Row] = []
    try:
        missing = {"file", "text"} - set(reader.fieldnames or ())
        if missing:
            raise ConfigError(f"{path}: lacks the column {', '.join(sorted(missing))}")
        for row in reader:
            row.pop(None, None)  # what stands beyond the columns
            rows.append(_checked(row, f"{path}, line {reader.line_num}"))
    except csv.Error as error:
        raise ConfigError(f"{path}, line {reader.line_num + 1}: not readable ({error})") from error
    return rows


def _checked(row: object, where: str) -> Row:
    """A row that names a file, and whose fields are no lists or objects."""
    if not isinstance(row, dict):
        raise ConfigError(f"{where}: expected an object with file and text, found {type(row).__name__}")
    for key in FIELDS:
        if isinstance(row.get(key), dict | list):
            raise ConfigError(f"{where}: {key} is {type(row[key]).__name__}, expected one text")
    if not field(row, "file"):
        raise ConfigError(f"{where}: names no file")
    return row


def _decoded(data: bytes, source: str) -> str:
    """UTF-8 as text, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{source}, line {line}: not UTF-8 ({error.reason})") from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
