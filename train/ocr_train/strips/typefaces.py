"""Ink of whole lines: fonts at one size, fonts with an effect, and drawn displays with their unlit segments."""

import logging
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import cv2
import numpy as np
from PIL import ImageFont

from ocr_edge.contract.labels import DIGITS, LINE
from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_train.rendering import fonts, glyphs
from ocr_train.rendering.drawn import DOT_MARKS
from ocr_train.rendering.glyphs import Face

_LOGGER = logging.getLogger(__name__)
CAP = 32
"""Height of a capital, in pixels, at which lines are drawn: about that of a strip."""
WEIGHTS = {
    "sans": 0.33, "serif": 0.18, "condensed": 0.08, "stencil": 0.03, "mono": 0.07, "typewriter": 0.07, "hand": 0.08,
    "display": 0.06, "seven-segment": 0.12, "dot-matrix": 0.03,
}  # fmt: skip
"""Share of the lines in each kind of face: more displays and typewriters than on signs, since meters are read."""
SMALL_TENTH = 0.2
"""Share of the values in segments whose last digit is smaller than the others, as meters show tenths."""
SEGMENT_MARKS = " .:-,"
"""What a display of seven segments shows beside digits."""


@dataclass(frozen=True, slots=True)
class Typeface:
    """A face and the characters that it can write.

    Attributes:
        face: The face.
        characters: All labels that it has.
    """

    face: Face
    characters: frozenset[str]


class Typefaces:
    """Draws faces by kind, then family, then style, so that large families do not crowd out small ones.

    Args:
        faces: What there is.

    Raises:
        ValueError: There is none.
    """

    def __init__(self, faces: Iterable[Typeface]) -> None:
        self._kinds: dict[str, dict[str, list[Typeface]]] = defaultdict(lambda: defaultdict(list))
        for typeface in faces:
            self._kinds[typeface.face.kind][typeface.face.family].append(typeface)
        if not self._kinds:
            raise ValueError("no faces")
        self._names = sorted(self._kinds)
        self._weights = [WEIGHTS.get(name, 0.05) for name in self._names]
        self._families = {name: sorted(self._kinds[name]) for name in self._names}

    @classmethod
    def installed(cls, split: str, labels: Collection[str] = LINE) -> "Typefaces":
        """The legible faces of this system whose families belong to a split, ``train`` or ``validation``."""
        from ocr_train.rendering import split_of  # noqa: PLC0415 - a cycle otherwise

        faces = [f for f in fonts.catalogue(fonts.installed()) if split_of(f.family) == split]
        made = [Typeface(face, characters(face, labels)) for face in faces]
        _LOGGER.info("%d faces for %s", len(made), split)
        return cls(made)

    @classmethod
    def drawn(cls) -> "Typefaces":
        """Displays that need no font."""
        return cls(Typeface(face, characters(face)) for face in fonts.displays())

    def writing(self, labels: Collection[str]) -> "Typefaces":
        """The same faces, none of which writes anything but labels; faces without one are left out.

        Raises:
            ConfigError: No face has a label.
        """
        known = frozenset(labels)
        kept = [Typeface(t.face, t.characters & known) for t in self._all() if t.characters & known - {" "}]
        if not kept:
            raise ConfigError(f"no face writes any of the labels {''.join(labels)!r}")
        return Typefaces(kept)

    def having(self, text: str) -> "Typefaces | None":
        """Those that can write all of a text; None where none can."""
        needed = frozenset(text)
        kept = [t for t in self._all() if needed <= t.characters]
        return Typefaces(kept) if kept else None

    def parted(self, kinds: Collection[str]) -> "tuple[Typefaces | None, Typefaces | None]":
        """Those of some kinds, and the others; None where there are none."""
        mine = [t for t in self._all() if t.face.kind in kinds]
        others = [t for t in self._all() if t.face.kind not in kinds]
        return Typefaces(mine) if mine else None, Typefaces(others) if others else None

    def draw(self, rng: random.Random) -> Typeface:
        """One face."""
        kind = rng.choices(self._names, self._weights)[0]
        family = rng.choice(self._families[kind])
        return rng.choice(self._kinds[kind][family])

    def prepare(self) -> None:
        """Draw every character once. Processes that are forked afterwards need not draw it again, each for itself."""
        for typeface in self._all():
            for char in typeface.characters:
                _piece(typeface.face, char)

    def _all(self) -> list[Typeface]:
        return [t for families in self._kinds.values() for faces in families.values() for t in faces]


def characters(face: Face, labels: Collection[str] = LINE) -> frozenset[str]:
    """Which labels a face can write."""
    if face.effect.startswith("drawn"):
        return frozenset(
            face.labels + (SEGMENT_MARKS if face.effect == "drawn-segments" else " " + DOT_MARKS)
        )
    if face.kind == "seven-segment":
        return frozenset(DIGITS + ".:- ") & {c for c in labels if c == " " or _has(face, c)}
    others = {c for c in labels if len(c) == 1 and not (c.isascii() and c.isalnum())}
    return frozenset(set(face.labels) | {c for c in others if c == " " or _has(face, c)})


def _has(face: Face, char: str) -> bool:
    try:
        made = glyphs.rasterise(face.path, face.index, char)
        return made is not None and made[0].tobytes() != glyphs.missing(face.path, face.index)
    except (OSError, ValueError):
        return False


def ink(face: Face, text: str, rng: random.Random) -> Image:
    """A line of text as an ink mask, cropped to its ink.

    Args:
        face: The face, which has every character of the text.
        text: What is written.
        rng: Chooses tracking, and how far unlit segments show.

    Returns:
        uint8, shape ``(h, w)``, ink 255; of one blank pixel where nothing is inked.
    """
    if face.effect or rng.random() < 0.75:
        mask = _stamped(face, text, rng)
    else:  # whole, which is slower but kerned
        drawn, _ = _font(face.path, face.index).getmask2(text, mode="L", anchor="ls")
        mask = np.frombuffer(bytes(drawn), np.uint8).reshape(drawn.size[1], drawn.size[0])
    left, top, width, height = cv2.boundingRect(mask)
    if not width or not height:
        return np.zeros((1, 1), np.uint8)
    return np.ascontiguousarray(mask[top : top + height, left : left + width])


@lru_cache(maxsize=2048)
def _font(path: str, index: int) -> ImageFont.FreeTypeFont:
    size = glyphs.load_font(path, index).size * CAP / glyphs.CAP
    return ImageFont.truetype(path, size, index=index, layout_engine=ImageFont.Layout.BASIC)


Piece = tuple[Image, int, int, float]
"""Mask, left, top below the baseline, and advance, in pixels at ``CAP``."""


@cache  # some 150,000 glyphs of 1 kB
def _piece(face: Face, char: str) -> Piece | None:
    """One character; None where it has no ink."""
    if face.effect:
        made = glyphs.stamp(face, char)
        if made is None:
            return None
        size = (max(1, made.mask.shape[1] // 2), max(1, made.mask.shape[0] // 2))
        mask = np.asarray(cv2.resize(made.mask, size, interpolation=cv2.INTER_AREA), np.uint8)
        return mask, made.left // 2, made.top // 2, made.advance / 2
    font = _font(face.path, face.index)
    drawn, (left, top) = font.getmask2(char, mode="L", anchor="ls")
    if 0 in drawn.size:
        return None
    mask = np.frombuffer(bytes(drawn), np.uint8).reshape(drawn.size[1], drawn.size[0])
    return mask, int(left), int(top), float(font.getlength(char))


def _stamped(face: Face, text: str, rng: random.Random) -> Image:
    """A line put together from single characters."""
    is_display = face.effect == "drawn-segments"
    ghost = rng.randrange(20, 90) if is_display and rng.random() < 0.35 else 0
    tracking = rng.choice((0.0, 0.0, 0.0, 0.0, 0.04, 0.08, 0.15, 0.3)) * CAP
    placed: list[tuple[Image, int, int]] = []
    pen = 0.0
    small_from = (
        len(text) - 1 if is_display and text[-1:].isdigit() and rng.random() < SMALL_TENTH else len(text)
    )
    for place, char in enumerate(text):
        if ghost and place < small_from and char in DIGITS and (eight := _piece(face, "8")):
            placed.append((np.minimum(eight[0], ghost), round(pen) + eight[1], eight[2]))
        made = _piece(face, char)
        if made is None:
            pen += CAP * (0.65 if is_display else 0.35)
            continue
        mask, left, top, advance = made
        if place == small_from:
            size = (max(2, round(mask.shape[1] * 0.6)), max(2, round(mask.shape[0] * 0.6)))
            mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)
            top = top + made[0].shape[0] - size[1]
        placed.append((mask, round(pen) + left, top))
        pen += advance + tracking
    return composed(placed)


def composed(placed: Sequence[tuple[Image, int, int]]) -> Image:
    """Masks put on one sheet, the stronger ink winning where two meet.

    Args:
        placed: Mask, left and top of each.

    Returns:
        uint8, shape ``(h, w)``.
    """
    if not placed:
        return np.zeros((1, 1), np.uint8)
    left = min(x for _, x, _ in placed)
    top = min(y for _, _, y in placed)
    right = max(x + mask.shape[1] for mask, x, _ in placed)
    bottom = max(y + mask.shape[0] for mask, _, y in placed)
    sheet = np.zeros((bottom - top, right - left), np.uint8)
    for mask, x, y in placed:
        part = sheet[y - top : y - top + mask.shape[0], x - left : x - left + mask.shape[1]]
        np.maximum(part, mask, out=part)
    return sheet
