"""A whole frame, shrunk: which turn, scale and shift do all marks agree on?"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.alignment import marks as marked
from ocr_edge.config.settings import Mark
from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Image
from ocr_edge.geometry import transform
from ocr_edge.geometry.transform import Matrix, Points

TURNS = (0.0, -6.0, 6.0, -12.0, 12.0)
"""Degrees that marks are turned by before they are looked for: between them they still correlate."""
FINE_TURNS = (-2.0, 0.0, 2.0)
"""Degrees around each of them, and"""
SCALES = (0.9, 0.95, 1.0, 1.05, 1.1)
"""scales, that the marks' places vote for."""
SIDE = 12
"""Pixels of the smaller side of a mark in the shrunk frame."""
PEAKS = 3
"""Shifts that are proposed for each turn."""

Map = npt.NDArray[np.float32]


class Coarse:
    """The coarse search for one frame size.

    Args:
        gray: The reference in the size of the frames, uint8, shape ``(H, W)``.
        marks: As configured.
        scale: Frame pixels for each reference pixel, across and down.
        search: How far the picture may have shifted, as a share of its longer side.

    Attributes:
        step: By how much a frame is shrunk; a whole number.
    """

    def __init__(self, gray: Image, marks: Sequence[Mark], scale: tuple[float, float], search: float) -> None:
        self.step = max(1, int(min(min(np.array(mark.box[2:]) * scale) for mark in marks) / SIDE))
        small = marked.reduced(gray, self.step)
        self._middle = (small.shape[1] / 2, small.shape[0] / 2)
        self._reach = int(np.ceil(search * max(small.shape)))
        self._patches = marked.patches(small, marks, (scale[0] / self.step, scale[1] / self.step))
        self._centres = np.array([patch.centre for patch in self._patches])
        # Between two turns and two scales, marks lie this far from where both expect them.
        spread = np.linalg.norm(self._centres - self._centres.mean(axis=0), axis=1).max()
        self._kernel = np.ones((2 * int(np.ceil(0.02 * spread)) + 3,) * 2, np.uint8)
        alone = len(marks) == 1  # it cannot tell a turn from a shift
        self.turns = (0.0,) if alone else TURNS
        ways = [(0.0, 1.0)] if alone else [(fine, scale) for fine in FINE_TURNS for scale in SCALES]
        self._ways = {turn: [self._pose(turn + fine, size) for fine, size in ways] for turn in self.turns}
        self._templates = {
            turn: [patch.template(self._pose(turn, 1.0)) for patch in self._patches] for turn in self.turns
        }

    def guesses(self, image: Image, turns: Sequence[float]) -> list[Matrix]:
        """Poses that the marks speak for, in pixels of the frame, best first.

        Args:
            image: The frame, uint8 RGB, shape ``(H, W, 3)``.
            turns: Of ``self.turns``, those that are looked at.
        """
        small = luminance(marked.reduced(image, self.step))
        votes = sorted(
            (vote for turn in turns for vote in self._votes(small, turn)), key=lambda vote: -vote[0]
        )
        up = np.diag([self.step, self.step, 1.0])
        return [up @ matrix @ np.linalg.inv(up) for _, matrix in votes]

    def _pose(self, turn: float, size: float) -> Matrix:
        return transform.similarity(turn, size, self._middle, (0, 0))

    def _votes(self, small: Image, turn: float) -> list[tuple[float, Matrix]]:
        """The best poses near a turn, each with the marks' mean correlation."""
        start = transform.apply(self._pose(turn, 1.0), self._centres)
        offsets = [
            np.round(transform.apply(way, self._centres) - start).astype(int) for way in self._ways[turn]
        ]
        slack = int(np.abs(offsets).max())
        maps = [
            self._map(small, template, centre, self._reach + slack)
            for template, centre in zip(self._templates[turn], start, strict=True)
        ]
        side = 2 * self._reach + 1
        totals = []
        for offset in offsets:
            parts = zip(maps, slack + offset, strict=True)
            votes = np.array([part[y : y + side, x : x + side] for part, (x, y) in parts])
            # One of three marks may be hidden.
            hidden = len(votes) // 3
            totals.append(
                np.partition(votes, hidden, axis=0)[hidden:].mean(axis=0) if hidden else votes.mean(axis=0)
            )
        which = np.argmax(totals, axis=0)
        best = np.max(totals, axis=0)
        found = []
        for _ in range(PEAKS):
            y, x = (int(index) for index in np.unravel_index(int(best.argmax()), best.shape))
            move = transform.shift(x - self._reach, y - self._reach)
            found.append((float(best[y, x]), move @ self._ways[turn][which[y, x]]))
            near = SIDE // 2 + len(self._kernel) // 2
            best[max(0, y - near) : y + near + 1, max(0, x - near) : x + near + 1] = -1
        return found

    def _map(self, small: Image, template: Image, centre: Points, reach: int) -> Map:
        """Correlation at each shift up to ``reach``, the best of its neighbourhood for each."""
        high, wide = template.shape
        left, top = np.round(centre - (wide / 2, high / 2)).astype(int) - reach
        rows = np.clip(np.arange(top, top + high + 2 * reach), 0, small.shape[0] - 1)
        columns = np.clip(np.arange(left, left + wide + 2 * reach), 0, small.shape[1] - 1)
        response = cv2.matchTemplate(small[np.ix_(rows, columns)], template, cv2.TM_CCOEFF_NORMED)
        return np.asarray(cv2.dilate(response, self._kernel), np.float32)
