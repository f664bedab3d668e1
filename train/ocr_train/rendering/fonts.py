"""The faces to render with: found through fontconfig, kept when legible, grouped into families."""

import hashlib
import logging
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ocr_edge.contract.labels import DEFAULT, DIGITS
from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_train.rendering import drawn
from ocr_train.rendering.glyphs import Face, load_font, missing, rasterise
from ocr_train.rendering.kinds import WEIGHTS, kind_of, root
from ocr_train.rendering.legible import Bank, own_shapes

_LOGGER = logging.getLogger(__name__)
FACES_PER_FAMILY = 8
_NO_FONTS = (
    "prepare fonts finds fonts through fontconfig's fc-list, {why}; on Debian: apt install "
    "fontconfig fonts-dejavu fonts-liberation fonts-freefont-ttf fonts-urw-base35 fonts-noto-core "
    "fonts-lato fonts-roboto fonts-open-sans fonts-adf-accanthis fonts-aenigma fonts-dseg fonts- "
    "ocr-a fonts-courier-prime fonts-comic-neue fonts-dkg-handwriting fonts-bebas-neue fonts- "
    "inconsolata"
)


@dataclass(frozen=True, slots=True)
class FontFile:
    """One face as the system lists it."""

    family: str
    style: str
    path: str
    index: int = 0
    spacing: str = ""


def installed() -> list[FontFile]:
    """Every outline face that fontconfig knows, in a fixed order.

    Raises:
        ConfigError: fontconfig is missing or knows no fonts.
    """
    form = "%{family[0]}|%{style[0]}|%{file}|%{index}|%{spacing}|%{variable}\n"
    try:
        done = subprocess.run(["fc-list", f"--format={form}"], capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise ConfigError(_NO_FONTS.format(why="which is not installed")) from error
    except subprocess.CalledProcessError as error:
        raise ConfigError(_NO_FONTS.format(why=f"which failed: {error.stderr.strip()}")) from error
    files = []
    for line in done.stdout.splitlines():
        family, style, path, index, spacing, variable = (line.split("|") + [""] * 6)[:6]
        # A variable font is listed once as such and again for each of its named instances.
        if Path(path).suffix.lower() in (".ttf", ".otf", ".ttc") and index.isdecimal() and variable != "True":
            name = family.strip() if any(c.isalnum() for c in family) else Path(path).stem
            files.append(FontFile(name, style.strip(), path, int(index), spacing))
    if not files:
        raise ConfigError(_NO_FONTS.format(why="which lists no fonts"))
    return sorted(files, key=lambda f: (len(f.family), f.family, f.style, f.path, f.index))


def catalogue(files: Iterable[FontFile]) -> list[Face]:
    """Choose the faces worth rendering.

    Args:
        files: Faces in order of preference: of two that look the same, the first is kept.

    Returns:
        Legible faces, at most ``FACES_PER_FAMILY`` a family, with synthetic ones. ``family`` joins all that
        share their outlines, whatever they are called.

    Raises:
        ConfigError: No face shows the labels.
    """
    dropped: Counter[str] = Counter()
    seen: set[bytes] = set()
    outlines: dict[bytes, str] = {}
    found: list[tuple[Face, dict[str, Image]]] = []
    for file in files:
        kind = kind_of(file.family, file.style, file.spacing)
        masks = {} if kind == "skip" else _masks(file)
        labels = _ordered(masks)
        if len(labels) < 10:
            dropped["not text, or too few characters"] += 1
            continue
        digest = _digest(masks, DEFAULT)
        if digest in seen:
            dropped["same glyphs as another"] += 1
            continue
        seen.add(digest)
        family = outlines.setdefault(_digest(masks, tuple("aRg5kQ")), root(file.family))
        found.append((Face(family, file.style, file.path, file.index, kind, labels), masks))
    faces = _legible(found, dropped)
    if not faces:
        raise ConfigError(_NO_FONTS.format(why="and none of those it lists shows letters and digits"))
    faces = _capped(faces)
    faces += _synthetic(faces)
    _LOGGER.info("%d faces of %d families", len(faces), len({face.family for face in faces}))
    for reason, count in dropped.most_common():
        _LOGGER.info("dropped %d faces: %s", count, reason)
    return faces


def _masks(file: FontFile) -> dict[str, Image]:
    """The ink of every character the font really has."""
    try:
        load_font(file.path, file.index)
        drawn_as = {char: rasterise(file.path, file.index, char) for char in DEFAULT}
        none = missing(file.path, file.index)
    except (OSError, ValueError):
        return {}
    masks = {char: made[0] for char, made in drawn_as.items() if made is not None}
    kept = own_shapes(masks, none)
    return {char: mask for char, mask in masks.items() if char in kept}


def _ordered(chars: Iterable[str]) -> str:
    return "".join(sorted(chars, key=DEFAULT.index))


def _digest(masks: Mapping[str, Image], chars: tuple[str, ...]) -> bytes:
    ink = hashlib.sha256()
    for char in chars:
        mask = masks.get(char)
        ink.update(b"-" if mask is None else repr(mask.shape).encode() + mask.tobytes())
    return ink.digest()


def _legible(found: list[tuple[Face, dict[str, Image]]], dropped: Counter[str]) -> list[Face]:
    """Hold every face against ordinary ones; what can't be read is dropped, what has no kind gets one."""
    ordinary: dict[str, dict[str, Image]] = {}
    for face, masks in found:
        if face.kind in ("sans", "serif") and len(face.labels) == len(DEFAULT):
            ordinary.setdefault(face.family, masks)
    bank = Bank(list(ordinary.values())[:40]) if len(ordinary) >= 12 else None
    kept = []
    for face, masks in found:
        if face.kind == "seven-segment":
            # The letters of segment faces are guesses that only their readers know to make.
            kept.append(replace(face, labels=_ordered(set(DIGITS) & set(face.labels))))
            continue
        if bank is None:
            kept.append(replace(face, kind=face.kind or "sans"))
            continue
        ranks = bank.ranks(masks)
        sure = sum(rank == 0 for rank in ranks.values()) / len(ranks)
        labels = _ordered(char for char, rank in ranks.items() if rank < 3)
        # Handwriting differs from print and is wanted for that; of the others, only what is easily read.
        least, readable = (0.36, 0.5) if face.kind == "hand" else (0.65, 0.8)
        if sure < least or len(labels) < readable * len(ranks):
            dropped["illegible"] += 1
            continue
        kept.append(replace(face, labels=labels, kind=face.kind or ("sans" if sure > 0.93 else "display")))
    return [face for face in kept if len(face.labels) >= 10]


def _capped(faces: list[Face]) -> list[Face]:
    """At most ``FACES_PER_FAMILY`` of each family and kind, spread over its styles."""
    by_family: dict[tuple[str, str], list[Face]] = defaultdict(list)
    for face in faces:
        by_family[face.kind, face.family].append(face)
    result = []
    for _, group in sorted(by_family.items()):
        group.sort(key=lambda face: (face.style, face.path, face.index))
        count = min(len(group), FACES_PER_FAMILY)
        result += [group[i * len(group) // count] for i in range(count)]
    return result


def _synthetic(faces: list[Face]) -> list[Face]:
    """Stencils, squeezed plates, lamp signs and displays, made from the faces and drawn from nothing.

    What is made from a face stays in its family.
    """
    made = []
    for number, face in enumerate(f for f in faces if f.kind == "sans" and len(f.labels) == len(DEFAULT)):
        bold = any(word in face.style for word in ("Bold", "Black", "Heavy", "Demi", "Medium"))
        if bold:
            made.append(replace(face, kind="condensed", effect="squeeze", variant=number))
        if bold and number % 2 == 0:
            made.append(replace(face, kind="stencil", effect="stencil", variant=number // 2))
        if bold and number % 6 == 0:
            made.append(replace(face, kind="dot-matrix", effect="dots", variant=number // 6))
    made += displays()
    assert all(face.kind in WEIGHTS for face in made)
    return made


def displays() -> list[Face]:
    """Dot matrices and seven segments that are drawn without a font."""
    matrices = [
        Face(f"drawn dots {n}", "", "", 0, "dot-matrix", "".join(DEFAULT), "drawn-dots", n)
        for n in range(drawn.DOT_VARIANTS)
    ]
    segments = [
        Face(f"drawn segments {n}", "", "", 0, "seven-segment", DIGITS, "drawn-segments", n)
        for n in range(drawn.SEGMENT_VARIANTS)
    ]
    return matrices + segments
