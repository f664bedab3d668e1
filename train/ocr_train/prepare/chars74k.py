"""Chars74K (de Campos et al., VISAPP 2009): natural scenes, tablet pens and fonts, 62 classes.

From http://www.ee.surrey.ac.uk/CVSSP/demos/chars74k/, as archives or unpacked. ``Sample001`` to ``Sample062``
are the classes ``0-9 A-Z a-z``.
"""

import logging
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ocr_edge.contract import labels
from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train.datasets import tar
from ocr_train.datasets.base import Sample, Skipped, decode_rgb, first_line
from ocr_train.prepare import bounded, split_of

_LOGGER = logging.getLogger(__name__)
STYLES = 4
"""Normal, bold, italic and bold italic of a typeface follow each other."""
_EVERY = 10_000
"""Pictures between two lines of progress."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the three downloads.

    Attributes:
        name: Of the written archive.
        download: Official archive.
        pattern: End of a picture's path, with its class as ``label`` and its number as ``index``.
        group: Writer or typeface of an index; empty where unknown.
    """

    name: str
    download: str
    pattern: re.Pattern[str]
    group: Callable[[int], str]


_FILE = r"Sample(?P<label>\d{3})/img\d{3}-(?P<index>\d+)\.png$"
_PARTS = (
    _Part(
        "chars74k_img",
        "EnglishImg.tgz",
        re.compile(rf"(?:^|/)Img/(?P<note>Good|Bad)Ima?g/Bmp/{_FILE}"),
        lambda index: "",
    ),
    _Part(
        "chars74k_hnd",
        "EnglishHnd.tgz",
        re.compile(rf"(?:^|/)Hnd/Img/{_FILE}"),
        lambda index: f"writer{index}",
    ),
    _Part(
        "chars74k_fnt",
        "EnglishFnt.tgz",
        re.compile(rf"(?:^|/)Fnt/{_FILE}"),
        lambda index: f"typeface{(index - 1) // STYLES + 1}",
    ),
)


def prepare(source: Path, out: Path) -> list[Path]:
    """Turn the downloads in a folder into ``tar:`` archives.

    Args:
        source: Folder with ``EnglishImg.tgz``, ``EnglishHnd.tgz``, ``EnglishFnt.tgz`` or what was unpacked
            from them; one of the three is enough.
        out: Folder for ``chars74k_img.tar`` and so on.

    Returns:
        The archives written. Groups are writers and typefaces; the scenes say nothing about theirs.

    Raises:
        ConfigError: None of the three is there, or one is damaged.
    """
    if not source.is_dir():
        raise ConfigError(f"{source}: not a folder; expected the one with {_expected()}")
    paths = sorted(source.resolve().rglob("*.png"))
    written = []
    for part in _PARTS:
        pictures = _unpacked(paths, part) or _packed(source / part.download, part)
        if not pictures:
            _LOGGER.info("%s: no %s, so no %s", source, part.download, part.name)
            continue
        path = out / f"{part.name}.tar"
        skipped = Skipped(source)
        count = tar.save(path, _samples(pictures, part, skipped))
        skipped.report()
        _LOGGER.info("%s: %d characters", path, count)
        written.append(path)
    if not written:
        raise ConfigError(f"{source}: no Chars74K picture found; expected {_expected()}")
    return written


def _expected() -> str:
    return " or ".join(part.download for part in _PARTS) + ", packed or unpacked (the folder English)"


def _unpacked(paths: list[Path], part: _Part) -> dict[str, Callable[[], bytes]]:
    """How to read each picture, by the end of its path."""
    found = ((part.pattern.search(path.as_posix()), path) for path in paths)
    return {match[0].lstrip("/"): path.read_bytes for match, path in found if match}


def _packed(archive: Path, part: _Part) -> dict[str, Callable[[], bytes]]:
    """The same for a download that is still packed; empty when it is not there."""
    if not archive.is_file():
        return {}
    _LOGGER.info("%s: unpacking into memory", archive)
    pictures: dict[str, Callable[[], bytes]] = {}
    try:
        with tarfile.open(
            archive
        ) as stream:  # Not "r|*": that one takes a truncated archive for a shorter one.
            for member in stream:
                match = part.pattern.search(member.name) if member.isfile() else None
                if match and (file := stream.extractfile(member)):
                    pictures[match[0].lstrip("/")] = _always(file.read())
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ConfigError(f"{archive}: damaged ({first_line(error)}); download it again") from error
    if not pictures:
        raise ConfigError(
            f"{archive}: holds no picture such as those of {part.download}; is it the official file?"
        )
    return pictures


def _always(data: bytes) -> Callable[[], bytes]:
    return lambda: data


def _samples(pictures: Mapping[str, Callable[[], bytes]], part: _Part, skipped: Skipped) -> Iterator[Sample]:
    """The crops, in the order of their names."""
    for count, name in enumerate(sorted(pictures), 1):
        match = part.pattern.search(name)
        rgb = decode_rgb(pictures[name]())
        label = int(match["label"]) - 1 if match else -1
        if match is None or not 0 <= label < len(labels.DEFAULT):
            skipped.add(f"class is not Sample001 to Sample{len(labels.DEFAULT):03d}", name)
        elif rgb is None:
            skipped.add("not a picture", name)
        else:
            group, note = part.group(int(match["index"])), match.groupdict().get("note", "").lower()
            yield Sample(Glyph(bounded(rgb)), label, split_of(group or name), group, note)
        if count % _EVERY == 0:
            _LOGGER.info("%s: %d of %d", part.name, count, len(pictures))
