"""Which of several readings of the same place stands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Box
from ocr_edge.reading import Line

WORTH = 0.45
"""Probability of a shape from which a character speaks for its line when readings compete for the same place."""
TAKEN = 0.35
"""Share of a line's characters that may lie on characters of a better line that is its rival."""
MIN_MEAN = 0.45
"""Mean probability of its shapes that a line needs: below it is texture."""
MIN_SHORT = 0.75
"""The same for a line of one or two characters: specks often look like one."""
MIN_SCENE, MIN_SCENE_SHORT = 0.55, 0.9
"""The same two in a scene, where rings, specks and leaves look like characters: of 92 photographs of nature one says
something at 0.97 and 0.9, two at 0.8; at 0.9 eight units of 120 more are said than at 0.97."""
NEAR = 1.0
"""Heights of a surely read line beside which a short one needs no more than a long one: it is its unit. Of 120 drawn
displays with a unit that one is said in 97, 71 without (``SHAPED`` of ``recognize/strips.py`` included)."""
MIN_SCENE_LENGTH, BELIEVED = 2, 0.8
"""Characters of the longest line of a scene that is so sure: without one, a character alone is not believed there."""
STROKES = frozenset("1Iil|")
"""Texts that any straight edge looks like."""
MAX_STROKES = 2
"""Most lines of such texts alone that are believed: more are the joints of a wall."""
SURE = 0.9
"""Mean probability of its shapes from which a line is sure."""
WELL = 0.7
"""Probability of its shape that every character needs where a reading ends the search for others."""
MIN_SURE_LENGTH = 3
"""Characters that a sure line has at least."""
SETTLED = 0.6
"""Share of a line's pieces that must lie on sure lines for it to be skipped."""
FILLED, FILLED_HEIGHT = 0.6, 0.4
"""Shares of a picture's width and height that a reading takes up when nothing else is to be expected in it."""
MIN_HEIGHT = 0.6
"""Height, in typical heights of all lines' characters, from which a line needs no more than that."""


@dataclass(frozen=True, slots=True, eq=False)
class RatedLine:
    """A reading of one place, and how sure its shapes are.

    Attributes:
        line: The characters.
        sure: float32, one a character: probability of its shape, look-alikes counted as one.
    """

    line: Line
    sure: npt.NDArray[np.float32]

    @property
    def value(self) -> float:
        """How much it explains: tall characters count more, unsure ones against it.

        Less where the line is doubted: two lines read as one are tall, and each of their letters may look like one.
        """
        heights = [character.box.height for character in self.line.characters]
        return float(np.dot(self.sure - WORTH, heights)) * self.line.confidence

    @property
    def is_sure(self) -> bool:
        """Whether other guesses at the same place need not be read."""
        return len(self.sure) >= MIN_SURE_LENGTH and bool(self.sure.mean() >= SURE)


def is_settled(pieces: Sequence[Box], settled: Sequence[Box]) -> bool:
    """Whether most pieces of a line have their middle where a sure line, of these boxes, was read."""
    top, bottom = min(piece.top for piece in pieces), max(piece.bottom for piece in pieces)
    near = [box for box in settled if box.top < bottom and box.bottom > top]
    middles = (
        [(piece.left + piece.width / 2, piece.top + piece.height / 2) for piece in pieces] if near else []
    )
    inside = [any(b.left <= x < b.right and b.top <= y < b.bottom for b in near) for x, y in middles]
    return sum(inside) > SETTLED * len(pieces)


def fills(item: RatedLine, size: tuple[int, int]) -> bool:
    """Whether a reading is sure as a whole and takes up most of a picture of ``(height, width)``."""
    box = item.line.box
    return (
        len(item.sure) >= 2
        and float(item.sure.min()) >= WELL
        and float(item.sure.mean()) >= SURE
        and box.width >= FILLED * size[1]
        and box.height >= FILLED_HEIGHT * size[0]
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of several readings stand.

    Attributes:
        kept: Indices of those that do, best first.
        why: One a reading: why it does not stand; empty where it does.
    """

    kept: tuple[int, ...]
    why: tuple[str, ...]


def select(rated: Sequence[RatedLine], *, scene: bool = False, doubts: bool = True) -> Selection:
    """Keep the best reading of each place.

    Args:
        rated: Readings of several guesses at the ink, in any order.
        scene: Whether the picture shows anything, and not a line alone: there, rings and specks look like characters.
        doubts: Whether short lines are doubted beside the others, as edges and specks. That is worth 4 of 1,056
            validation words where characters alone read, and costs 2 where a line stage does.

    Returns:
        Lines that do not cover each other.
    """
    why = [""] * len(rated)
    chosen: list[int] = []
    boxes = [
        np.array([[c.box.left, c.box.top, c.box.right, c.box.bottom] for c in item.line.characters], float)
        for item in rated
    ]
    bounds = [item.line.box for item in rated]
    for index in sorted(range(len(rated)), key=lambda n: rated[n].value, reverse=True):
        item = rated[index]
        mean, least = float(item.sure.mean()), least_sure(len(item.sure), scene=scene)
        if mean < least and any(_stands_beside(item, rated[other]) for other in chosen):
            least = min(least, MIN_SCENE)
        if mean < least:
            why[index] = f"too unsure: its shapes are {mean:.2f} sure on average, needed {least:.2f}"
            continue
        if item.value <= 0:
            why[index] = "too unsure: its tall characters look like texture"
            continue
        rivals = [other for other in chosen if bounds[index].overlap(bounds[other])]
        shares = [_covered(boxes[index], boxes[other]).any(axis=1) for other in rivals]
        if rivals and np.any(shares, axis=0).mean() > TAKEN:
            rival = rated[rivals[int(np.argmax([share.sum() for share in shares]))]]
            why[index] = f'covered by a better reading: "{rival.line.text}"'
            continue
        chosen.append(index)
    if doubts:
        for index, reason in zip(
            chosen, _beside([rated[index] for index in chosen], scene=scene), strict=True
        ):
            why[index] = reason
    return Selection(tuple(index for index in chosen if not why[index]), tuple(why))


def _beside(chosen: Sequence[RatedLine], *, scene: bool) -> list[str]:
    """Why each of the lines that cover no other is not believed beside the others; empty where it is."""
    believed = max((len(item.sure) for item in chosen if item.sure.mean() >= BELIEVED), default=0)
    alone = scene and believed < MIN_SCENE_LENGTH
    left = [item for item in chosen if not (alone and len(item.sure) < MIN_SCENE_LENGTH)]
    heights = [c.box.height for item in chosen for c in item.line.characters]
    typical = float(np.median(heights)) if heights else 0.0
    longest = max((len(item.sure) for item in chosen), default=0)
    strokes = sum(_is_strokes(item) for item in left)
    why = []
    for item in chosen:
        if alone and len(item.sure) < MIN_SCENE_LENGTH:
            why.append("a character alone, and no sure line beside it")
        elif not _stands(item, typical):
            why.append("too low beside the other lines, and too short or unsure for that")
        elif _is_strokes(item) and (longest > 2 or strokes > MAX_STROKES):
            why.append("a stroke or two, beside other lines: that is an edge")
        else:
            why.append("")
    return why


def least_sure(length: int, *, scene: bool) -> float:
    """Mean probability of its shapes that a line of so many characters needs."""
    if scene:
        return MIN_SCENE if length > 2 else MIN_SCENE_SHORT
    return MIN_MEAN if length > 2 else MIN_SHORT


def _stands_beside(item: RatedLine, other: RatedLine) -> bool:
    """Whether a line stands close beside another, sure and higher one, as a unit beside its number."""
    if not other.is_sure:
        return False
    box, of = item.line.box, other.line.box
    level = min(box.bottom, of.bottom) - max(box.top, of.top) >= 0.5 * box.height
    return (
        level
        and box.height <= of.height
        and max(box.left - of.right, of.left - box.right) <= NEAR * of.height
    )


def _is_strokes(item: RatedLine) -> bool:
    """Whether a line is one or two strokes: beside longer lines, or many of its kind, it is an edge and not a ``1``."""
    return len(item.sure) <= 2 and all(c.text in STROKES for c in item.line.characters)


def _stands(item: RatedLine, typical: float) -> bool:
    """Whether a line is believed beside the others: low lines must be sure, low and short ones never are."""
    if item.line.box.height >= MIN_HEIGHT * typical:
        return True
    return len(item.sure) > 2 and bool(item.sure.mean() >= MIN_SHORT)


def _covered(boxes: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """bool, shape ``(N, M)``: whether half of each box, or of a taken box inside it, is shared with a taken box."""
    wide = np.minimum(boxes[:, None, 2], taken[None, :, 2]) - np.maximum(boxes[:, None, 0], taken[None, :, 0])
    high = np.minimum(boxes[:, None, 3], taken[None, :, 3]) - np.maximum(boxes[:, None, 1], taken[None, :, 1])
    shared = np.maximum(wide, 0) * np.maximum(high, 0)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    other = (taken[:, 2] - taken[:, 0]) * (taken[:, 3] - taken[:, 1])
    smaller = np.minimum(area[:, None], other[None, :])
    return np.asarray(shared > 0.5 * smaller)
