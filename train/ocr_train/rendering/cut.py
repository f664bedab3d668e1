"""From a picture with its truth to training crops: what the device's segmenter cuts, characters and all else."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.labels import DEFAULT, REJECT
from ocr_edge.contract.types import Box, Glyph, Image
from ocr_train.rendering.scene import Scene, Truth

MAX_SIDE = 48
"""Longest side of a crop, in pixels."""
MIN_IOU = 0.65
MAX_PART = 0.6
"""Share of a character's box up to which a candidate shows only a part of it."""
MAX_LOOSE_PART = 0.3
"""The same where the truth was drawn by hand."""
REJECTS = 1.0
"""Most crops of no character, for each crop of one."""
OWN_BOX_SHARE = 0.15
"""Share of the characters that the segmenter missed which are cut by their true box instead."""

Segment = Callable[[Image], Sequence[Any]]
"""The device's segmenter: RGB picture to lines, each with ``candidates`` that have ``box`` and ``glyph``."""

Fits = Callable[[Box, Box], bool]
"""Whether a candidate's box, the first, is that of a character."""


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """One training crop: the glyph and its character, or ``REJECT``."""

    glyph: Glyph
    char: str


@dataclass(slots=True)
class Yield:
    """How many of the characters drawn were cut, by kind of face and by character."""

    drawn: Counter[str] = field(default_factory=Counter)
    cut: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Yield") -> None:
        """Count in another's counts."""
        self.drawn.update(other.drawn)
        self.cut.update(other.cut)

    def rate(self, key: str) -> float:
        """Share cut, 0..1, of a kind or a character."""
        return self.cut[key] / max(1, self.drawn[key])


def overlap_ratio(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    shared = a.overlap(b)
    return shared / (a.width * a.height + b.width * b.height - shared)


def matches(found: Box, true: Box) -> bool:
    """Whether a candidate's box is a character's: by overlap or, where a pixel is much, by its four sides."""
    if not found.overlap(true):
        return False
    if overlap_ratio(found, true) >= MIN_IOU:
        return True
    slack = max(1.5, 0.06 * true.height)
    sides = (
        found.left - true.left,
        found.top - true.top,
        found.right - true.right,
        found.bottom - true.bottom,
    )
    return max(abs(side) for side in sides) <= slack


def matches_loosely(found: Box, true: Box) -> bool:
    """The same for a truth drawn by hand, with uneven margins: mostly by its columns."""
    if not 0.5 * true.height <= found.height <= 1.4 * true.height:
        return False
    shared = min(found.right, true.right) - max(found.left, true.left)
    if shared >= 0.65 * (max(found.right, true.right) - min(found.left, true.left)):
        return True
    off_centre = abs((found.left + found.right) - (true.left + true.right)) / 2
    # A stroke such as l or 1 fills little of its box.
    return shared == found.width and off_centre <= 0.15 * true.width and true.width <= 0.55 * true.height


def cut(scene: Scene, segment: Segment, rng: np.random.Generator) -> tuple[list[Crop], Yield]:
    """Cut a rendered picture as the device would; see ``cut_truths``."""
    return cut_truths(scene.picture, scene.truths, segment, rng, kind=scene.face.kind)


def cut_truths(
    picture: Image,
    truths: Sequence[Truth],
    segment: Segment,
    rng: np.random.Generator,
    *,
    kind: str,
    fits: Fits = matches,
) -> tuple[list[Crop], Yield]:
    """Cut the characters of a picture as the device would.

    Args:
        picture: uint8 RGB, shape ``(H, W, 3)``.
        truths: What stands where.
        segment: The device's segmenter.
        rng: Chooses among fitting candidates, and which missed characters are cut by their true box.
        kind: What the counts are filed under, beside the character.
        fits: Whether a candidate's box is that of a truth: ``matches``, or ``matches_loosely``.

    Returns:
        The crops in the order of the truth, then those of no character, and what was drawn and cut.
    """
    lines = segment(picture)
    candidates = [c for line in lines for c in line.candidates]
    boxes = [c.box for c in candidates]
    inverted = ~_of_main_polarity(lines, truths, fits)
    height, width = picture.shape[:2]
    frame = Box(0, 0, width, height)
    crops, counts = [], Yield()
    for truth in truths:
        area = truth.box.width * truth.box.height
        if truth.char not in DEFAULT or truth.box.overlap(frame) < 0.92 * area:
            continue
        counts.drawn.update((kind, truth.char))
        fitting = [i for i in _fitting(truth, boxes, truths, fits) if not inverted[i]]
        if fitting:
            counts.cut.update((kind, truth.char))
            # Any of them: the device doesn't know either which of its guesses at the ink is the neatest.
            glyph = candidates[fitting[int(rng.integers(len(fitting)))]].glyph
        elif rng.random() < OWN_BOX_SHARE:
            glyph = Glyph(_window(picture, truth.box, rng))
        else:
            continue
        crops.append(Crop(bounded(glyph), truth.char))
    wrong = [i for i, box in enumerate(boxes) if is_wrong(box, truths, fits)]
    wrong = rng.permutation(wrong).tolist()[: max(1, round(REJECTS * len(crops)))]
    return crops + [Crop(bounded(candidates[i].glyph), REJECT) for i in wrong], counts


def _of_main_polarity(lines: Sequence[Any], truths: Sequence[Truth], fits: Fits) -> npt.NDArray[np.bool_]:
    """For each candidate whether its polarity is the one that fits most truths: the inside of an ``O`` is none.

    Lines that do not say their polarity have the main one.
    """
    polarity = [getattr(line, "polarity", None) for line in lines for _ in line.candidates]
    boxes = [c.box for line in lines for c in line.candidates]
    votes = Counter(
        side
        for truth in truths
        for side in {p for p, box in zip(polarity, boxes, strict=True) if fits(box, truth.box)}
    )
    main = max(votes, key=lambda side: votes[side], default=None)
    return np.array([side == main for side in polarity], bool)


def is_wrong(found: Box, truths: Sequence[Truth], fits: Fits = matches) -> bool:
    """Whether a candidate surely shows no character, but a part of one, several, a mark without a label or nothing.

    Between that and ``matches`` lies what a recogniser may take for either.
    """
    covered = [truth.box.overlap(found) / (truth.box.width * truth.box.height) for truth in truths]
    labelled = [truth.char in DEFAULT for truth in truths]
    fitting = [own for truth, own in zip(truths, labelled, strict=True) if fits(found, truth.box)]
    if fitting:
        return not any(fitting)
    # A box drawn by hand may be half empty: a whole character covers as little of it as a part does of a tight one.
    part = MAX_PART if fits is matches else MAX_LOOSE_PART
    return max(covered, default=0) <= part or sum(share > MAX_PART for share in covered) > 1


def _fitting(truth: Truth, boxes: Sequence[Box], truths: Sequence[Truth], fits: Fits) -> list[int]:
    """Indexes of the candidates that show this character and no other."""
    others = [t.box for t in truths if t is not truth and not _inside(t.box, truth.box)]
    return [
        i
        for i, box in enumerate(boxes)
        if fits(box, truth.box) and all(box.overlap(o) <= 0.5 * o.width * o.height for o in others)
    ]


def _inside(other: Box, own: Box) -> bool:
    """Whether a neighbour lies within the character's own box anyway, as a comma under a T's arm."""
    return other.overlap(own) > 0.5 * other.width * other.height


def _window(picture: Image, box: Box, rng: np.random.Generator) -> Image:
    """The picture around a box, with an uneven margin."""
    margins = rng.uniform(-0.02, 0.15, 4) * max(box.width, box.height)
    left, top = max(0, round(box.left - margins[0])), max(0, round(box.top - margins[1]))
    right, bottom = round(box.right + margins[2]), round(box.bottom + margins[3])
    return np.ascontiguousarray(picture[top : max(bottom, top + 2), left : max(right, left + 2)])


def bounded(glyph: Glyph) -> Glyph:
    """The glyph with no side longer than ``MAX_SIDE``, its mask along with it."""
    height, width = glyph.rgb.shape[:2]
    scale = MAX_SIDE / max(height, width)
    if scale >= 1:
        return glyph
    size = max(1, round(width * scale)), max(1, round(height * scale))
    rgb = np.asarray(cv2.resize(glyph.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    if glyph.binary is None:
        return Glyph(rgb, None, glyph.polarity)
    level = cv2.resize(glyph.binary, size, interpolation=cv2.INTER_AREA)
    # Under one half, so that thin strokes survive.
    return Glyph(rgb, np.where(level > 100, 255, 0).astype(np.uint8)[..., None], glyph.polarity)
