"""Marks: patches of the reference picture, how they look when turned, and where they are in another picture."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.config.settings import Mark
from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Image
from ocr_edge.geometry.transform import Matrix, Points, local

PATCH_SIDE = 48
"""Pixels to which the side of a mark is shrunk before it is compared: more costs time and tells nothing new."""
MIN_SIDE = 16
"""Pixels that each side of a mark needs."""
MIN_CONTRAST = 8.0
"""Standard deviation of its grey levels that a mark needs."""
MAX_TWIN = 0.8
"""Correlation with another place of the reference from which on a mark is confused with it."""
MIN_APART = 0.1
"""Distance that two marks need, as a share of the picture's longer side: a turn is read from it."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A mark, ready to be looked for.

    Attributes:
        centre: x and y in the reference, in pixels of the frame.
        size: Width and height in pixels of the shrunk picture.
        shrink: By how much pictures are shrunk before they are compared; a whole number.
        gray: The whole reference, shrunk: a turned mark shows some of what lies beside it.
    """

    centre: Points
    size: tuple[int, int]
    shrink: int
    gray: Image

    def template(self, pose: Matrix) -> Image:
        """How the mark looks after a movement: uint8, shape ``(height, width)`` of ``size``."""
        back = np.linalg.inv(local(pose, self.centre))
        middle = np.array(self.size) / 2 - 0.5
        start = self.centre / self.shrink - 0.5 - back @ middle
        return np.asarray(
            cv2.warpAffine(
                self.gray,
                np.column_stack((back, start)),
                self.size,
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )

    def find(self, image: Image, template: Image, near: Points, reach: float) -> tuple[Points, float]:
        """Where a template fits best.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            template: From ``template``.
            near: Where the mark's centre is expected, in pixels of ``image``.
            reach: How far from there it may be, in pixels.

        Returns:
            The centre found, to a fraction of a pixel, and the correlation there, -1 to 1; ``near`` and 0 where the
            mark does not lie wholly inside the picture.
        """
        step, size = self.shrink, np.array(self.size)
        first = np.floor(near - size * step / 2 - reach).astype(int)
        last = first + (size + 2 * int(np.ceil(reach / step))) * step
        first, last = np.maximum(first, 0), np.minimum(last, (image.shape[1], image.shape[0]))
        cells = (last - first) // step
        if (cells < size).any():
            return near, 0.0
        last = first + cells * step
        window = luminance(np.ascontiguousarray(image[first[1] : last[1], first[0] : last[0]]))
        if step > 1:
            window = np.asarray(cv2.resize(window, cells.tolist(), interpolation=cv2.INTER_AREA), np.uint8)
        response = np.asarray(cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED), np.float32)
        _, score, _, (x, y) = cv2.minMaxLoc(response)
        peak = np.array([x + _vertex(response[y], x), y + _vertex(response[:, x], y)], np.float64)
        return first + (peak + size / 2) * step, float(score)


def patches(gray: Image, marks: Sequence[Mark], scale: tuple[float, float] = (1.0, 1.0)) -> list[Patch]:
    """The marks of a reference.

    Args:
        gray: The reference in the size of the frames, uint8, shape ``(H, W)``.
        marks: As configured.
        scale: Frame pixels for each reference pixel, across and down.
    """
    shrunk: dict[int, Image] = {}
    result = []
    for mark in marks:
        left, top, width, height = np.array(mark.box) * (scale * 2)
        step = max(1, int(np.ceil((width * height) ** 0.5 / PATCH_SIDE)))
        if step not in shrunk:
            shrunk[step] = reduced(gray, step)
        size = max(1, round(width / step)), max(1, round(height / step))
        result.append(Patch(np.array((left + width / 2, top + height / 2)), size, step, shrunk[step]))
    return result


def reduced(image: Image, step: int) -> Image:
    """A picture with one pixel for each ``step`` by ``step`` of it; what is left over at right and below is cut."""
    height, width = image.shape[0] // step, image.shape[1] // step
    whole = image[: height * step, : width * step]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def problem(reference: Image, marks: Sequence[Mark], search: float) -> str:
    """Why marks cannot be found again reliably.

    Args:
        reference: uint8 RGB, shape ``(H, W, 3)``.
        marks: As configured, in pixels of the reference.
        search: How far a mark may have moved, as a share of the picture's longer side.

    Returns:
        One line, or an empty one.
    """
    height, width = reference.shape[:2]
    gray, longer = luminance(reference), max(height, width)
    for number, mark in enumerate(marks, 1):
        left, top, wide, high = mark.box
        what = f"lies outside of the reference of {width}x{height} pixels"
        if left + wide <= width and top + high <= height:
            what = _problem(gray, mark, search * longer)
        if what:
            return f"mark {number} {list(mark.box)} {what}"
    centres = [patch.centre for patch in patches(gray, marks)]
    for (one, here), (other, there) in itertools.combinations(enumerate(centres, 1), 2):
        if (apart := float(np.linalg.norm(here - there))) < MIN_APART * longer:
            least = f"at least {MIN_APART * longer:.0f} are needed, better half the picture"
            return f"marks {one} and {other} are {apart:.0f} pixels apart; {least}"
    return ""


def _problem(gray: Image, mark: Mark, reach: float) -> str:
    """Why one mark cannot be found again."""
    left, top, wide, high = mark.box
    if min(wide, high) < MIN_SIDE:
        return f"is too small; each side needs at least {MIN_SIDE} pixels"
    if gray[top : top + high, left : left + wide].std() < MIN_CONTRAST:
        return "shows a plain surface; choose a patch with corners or print"
    other = twin(patches(gray, [mark])[0], reach)
    if other.beside:
        return "looks the same when it is shifted, as an edge does; choose a patch with corners or print"
    if other.match >= MAX_TWIN:
        x, y = other.place
        return f"looks like another place of the reference, at {x}, {y}; choose something that is there once"
    return ""


@dataclass(frozen=True, slots=True)
class Twin:
    """The place of the reference that a mark is confused with most easily.

    Attributes:
        match: Its correlation with the mark, -1 to 1.
        place: Left and top in pixels of the reference.
        beside: Whether the mark looks much the same when it is shifted by half its size, as an edge does.
    """

    match: float
    place: tuple[int, int]
    beside: bool


def twin(patch: Patch, reach: float) -> Twin:
    """What looks most like a mark around it in the reference.

    Args:
        patch: The mark.
        reach: How far around it is looked, in pixels.
    """
    (wide, high), step = patch.size, patch.shrink
    x, y = np.round(patch.centre / step - np.array(patch.size) / 2).astype(int).tolist()
    cells = int(np.ceil(reach / step)) + max(wide, high)
    left, top = max(0, x - cells), max(0, y - cells)
    around = patch.gray[top : y + high + cells, left : x + wide + cells]
    response = cv2.matchTemplate(around, patch.template(np.eye(3)), cv2.TM_CCOEFF_NORMED)
    rows, columns = np.indices(response.shape)
    away = np.hypot((columns + left - x) / wide, (rows + top - y) / high)
    response[away < 0.25] = -1
    row, column = np.unravel_index(int(response.argmax()), response.shape)
    place = (int(column) + left) * step, (int(row) + top) * step
    beside = response[away < 0.5].max(initial=-1) >= MAX_TWIN
    return Twin(float(response.max()), place, bool(beside))


def _vertex(values: npt.NDArray[np.float32], index: int) -> float:
    """Where the peak of a parabola through a maximum and its neighbours lies, in steps from the maximum."""
    if not 0 < index < len(values) - 1:
        return 0.0
    before, here, after = (float(value) for value in values[index - 1 : index + 2])
    bend = before - 2 * here + after
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0
