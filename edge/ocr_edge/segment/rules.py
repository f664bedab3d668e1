"""Rules, underlines and frames taken out of the ink, so that the characters that touch them come apart."""

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image

MIN_LENGTH = 3.0
"""Length of a rule in heights of text, at least: no stroke of a character is so long."""
MIN_RATIO = 14.0
"""Length of a rule in its own thicknesses, at least."""
RUN = 0.5
"""Straight run in heights of text that a rule is made of."""
MAX_RUN = 24
"""Most pixels of such a run: a tilted rule has none that is longer."""
MIN_EVEN = 0.4
"""Share of a rule's length that is as thick as the rest, at least: the rim of a background is not."""
MAX_BREAK = 3
"""Pixels without ink at which a rule goes on."""
MIN_SPAN = 0.9
"""Share of the way between two rules that a stroke covers to be the side of a frame and not a letter on a line."""


def remove(ink: Image, text_height: float) -> Image:
    """Take rules out of a piece of ink, and leave the strokes that stand on them or cross them.

    Args:
        ink: uint8, shape ``(H, W)``, ink above 0; cut out around one piece, so that little besides it is in it.
        text_height: Typical height of a character, in pixels.

    Returns:
        The ink without rules, upright and level ones and those a few degrees off; a new picture, or ``ink`` itself
        when it has none.
    """
    level = _level(ink, text_height)
    upright = _level(_turned(ink), text_height)
    if level is None and upright is None:
        return ink
    left = ink.copy()
    if level is not None:
        left[level > 0] = 0
    if upright is not None:
        left[_turned(upright) > 0] = 0
    if level is not None:
        left[_sides(left, level)] = 0
    return left


def _turned(ink: Image) -> Image:
    return np.ascontiguousarray(ink.T)


def _level(ink: Image, text_height: float) -> Image | None:
    """The pixels of level rules that belong to no stroke; None without a rule."""
    run, least = min(max(7, round(RUN * text_height)), MAX_RUN), MIN_LENGTH * text_height
    if ink.shape[1] < least:
        return None
    runs = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    joined = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, np.ones((2, MAX_BREAK + 1), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8, ltype=cv2.CV_32S)
    found = np.zeros_like(ink)
    for number in np.flatnonzero(stats[1:, cv2.CC_STAT_WIDTH] >= least) + 1:
        x, y, wide, high, _ = stats[number].tolist()
        part = (labels[y : y + high, x : x + wide] == number) & (runs[y : y + high, x : x + wide] > 0)
        band = _band(part, text_height)
        if band is not None:
            above, below = max(0, y - 2), min(len(ink), y + high + 2)
            window = ink[above:below, x : x + wide]
            found[above:below, x : x + wide] |= _own(window, band[0] + y - above, band[1])
    return found if count > 1 and found.any() else None


def _band(part: npt.NDArray[np.bool_], text_height: float) -> tuple[npt.NDArray[np.float64], float] | None:
    """The middle row of a rule at each column, and its thickness; None when it is no rule."""
    thick = part.sum(axis=0)
    columns = np.flatnonzero(thick)
    if len(columns) < 0.8 * part.shape[1]:
        return None
    thickness = float(np.median(thick[columns]))
    even = np.abs(thick[columns] - thickness) <= max(1.0, 0.35 * thickness)
    if part.shape[1] < MIN_RATIO * thickness or even.mean() < MIN_EVEN:
        return None
    middle = (np.arange(len(part))[:, None] * part).sum(axis=0)[columns] / thick[columns]
    # Where a stroke thickens it, the rule's own place is that of its neighbourhood.
    plain = thick[columns] <= 1.5 * thickness
    middle = np.interp(np.arange(part.shape[1]), columns[plain], middle[plain])
    return middle, thickness


def _own(window: Image, middle: npt.NDArray[np.float64], thickness: float) -> Image:
    """The pixels of a rule where no stroke crosses it: ink on both of its sides is one, ink on one side ends at it."""
    half = thickness / 2 + 1
    rows = np.arange(len(window))[:, None]
    band = np.abs(rows - middle) <= half
    dark = window > 0
    columns = np.arange(window.shape[1])
    over = np.clip(np.floor(middle - half).astype(int), 0, len(window) - 1)
    under = np.clip(np.ceil(middle + half).astype(int), 0, len(window) - 1)
    crossed = dark[over, columns] & dark[under, columns]
    return np.where(band & dark & ~crossed, np.uint8(255), np.uint8(0))


def _sides(left: Image, level: Image) -> npt.NDArray[np.bool_]:
    """Strokes that reach from one level rule to another at their ends: the short sides of a low frame."""
    sides = np.zeros(left.shape, bool)
    rows = np.flatnonzero((level > 0).sum(axis=1) >= 0.5 * max(1, (level > 0).sum(axis=1).max()))
    if not len(rows) or rows[-1] - rows[0] < 8:
        return sides
    high = rows[-1] - rows[0]
    columns = np.flatnonzero(level.any(axis=0))
    for end, step in ((int(columns[0]), 1), (int(columns[-1]), -1)):
        near = np.clip(np.arange(end - 4 * step, end + max(4, high // 6) * step, step), 0, left.shape[1] - 1)
        full = (left[rows[0] : rows[-1] + 1, near] > 0).sum(axis=0) >= MIN_SPAN * high - 4
        sides[np.ix_(np.arange(rows[0], rows[-1] + 1), near[full])] = True
    return sides & (left > 0)
