"""The marks of the reference found again in a frame, and with them where its coordinates are now.

A camera that stands still costs a look at each mark's place. After a bump, a coarse search lets all marks vote
together for a turn, a scale and a shift; then each is looked for closely, turned as the vote says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.config.settings import Mark
from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_edge.regions import marks as marked
from ocr_edge.regions import pose
from ocr_edge.regions.coarse import Coarse
from ocr_edge.regions.pose import Matrix

FOLLOW = 8.0
"""Pixels around its last place that a mark is looked for first."""
STEADY = 0.3
"""Pixels that a mark must have moved by before the pose is a new one: less is noise."""
SURE = 0.9
"""Correlation of all marks from which on no other place is looked at."""
WORSE = 0.05
"""By how much the correlation may fall before a better place is looked for everywhere."""
GUESSES = 4
"""Places of the coarse search that are looked at closely."""
PATIENCE = 5
"""Of so many frames in which the marks are lost, one is searched for turned marks too: that is most of the work."""


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Where the reference lies in a frame.

    Attributes:
        matrix: From coordinates of the reference to pixels of the frame; the last good one when lost.
        score: Correlation of the worst mark that was used, -1 to 1.
        moved_pixels: How far the mark that moved most is from its place in the reference, in pixels of the frame.
        lost: Whether the marks were not found: regions would show something else.
        detail: What is wrong, for people; empty when nothing is.
    """

    matrix: Matrix
    score: float
    moved_pixels: float
    lost: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Match:
    """A pose, the correlation of each mark and of the worst one used, and why it is no pose."""

    matrix: Matrix
    scores: npt.NDArray[np.float64]
    score: float
    problem: str

    @property
    def worth(self) -> tuple[bool, float]:
        """What the better one of two has more of: a pose that hides no mark is likelier than one that does."""
        return not self.problem, float(self.scores.mean())


class Aligner:
    """Follows a camera by marks of a reference picture.

    Args:
        reference: uint8 RGB, shape ``(H, W, 3)``: the picture that the coordinates were taken from.
        marks: At least one, in pixels of the reference.
        search: How far the picture may have shifted, as a share of its longer side, 0 to 1.
        min_match: Correlation below which a mark is not found, 0 to 1.

    Raises:
        ConfigError: A mark cannot be found again reliably.
    """

    def __init__(self, reference: Image, marks: Sequence[Mark], search: float, min_match: float) -> None:
        if what := marked.problem(reference, marks, search):
            raise ConfigError(f"picture.mark: {what}")
        self._reference = reference
        self._marks = marks
        self._search = search
        self._min_match = min_match
        self._size = (0, 0)

    def align(self, image: Image) -> Alignment:
        """Find the reference in a frame.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``, of the reference's shape in any size.

        Raises:
            CaptureError: The frame has another shape than the reference.
        """
        if image.shape[:2] != self._size:
            self._prepare(image.shape[:2])
        match = self._close(image, self._pose, (FOLLOW,))
        if match.problem or match.score < self._usual - WORSE:
            match = max((match, self._seek(image)), key=lambda found: found.worth)
            self._usual = match.score
        if match.problem:
            self._missed += 1
            moved = self._farthest(self._pose, np.eye(3))
            return Alignment(self._pose @ self._scaling, match.score, moved, True, match.problem)
        self._missed = 0
        if self._farthest(match.matrix, self._pose) > STEADY:
            self._pose = match.matrix
        moved = self._farthest(self._pose, np.eye(3))
        return Alignment(self._pose @ self._scaling, match.score, moved, False)

    def _prepare(self, size: tuple[int, int]) -> None:
        """Bring the reference to the size of the frames."""
        self._scaling = pose.scaling(size, self._reference.shape[:2])
        gray = luminance(self._reference)
        if size != gray.shape:
            gray = np.asarray(cv2.resize(gray, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        scale = float(self._scaling[0, 0]), float(self._scaling[1, 1])
        self._patches = marked.patches(gray, self._marks, scale)
        self._centres = np.array([patch.centre for patch in self._patches])
        self._coarse = Coarse(gray, self._marks, scale, self._search)
        self._pose = pose.shift(0, 0)
        self._usual = 1.0
        self._missed = 0
        self._size = size

    def _seek(self, image: Image) -> _Match:
        """The best of the places that the coarse search proposes, each looked at closely."""
        longer = max(self._size)
        reaches = (0.025 * longer + 2 * self._coarse.step, 0.01 * longer + FOLLOW, FOLLOW)
        turns = self._coarse.turns
        best = self._close(image, self._coarse.guesses(image, turns[:1])[0], reaches)
        if best.problem or best.scores.min() < SURE:
            guesses = self._coarse.guesses(image, turns if self._missed % PATIENCE == 0 else turns[:1])
            others = [self._close(image, guess, reaches) for guess in guesses[:GUESSES]]
            best = max((best, *others), key=lambda found: found.worth)
        return best

    def _close(self, image: Image, guess: Matrix, reaches: Sequence[float]) -> _Match:
        """The pose near a guess, in steps that look less far and more strictly each time."""
        matrix, longer = guess, max(self._size)
        for reach in reaches:
            last = reach == reaches[-1]
            near = pose.apply(matrix, self._centres)
            found = [
                patch.find(image, patch.template(matrix), point, reach)
                for patch, point in zip(self._patches, near, strict=True)
            ]
            scores = np.array([score for _, score in found])
            used = self._used(scores)
            before, after = self._centres[used], np.array([found[i][0] for i in used])
            matrix = pose.fit(before, after, longer, simple=not last)
            what = self._weak(scores, used, self._min_match if last else self._min_match / 2)
            what = what or pose.problem(matrix, self._size)
            if what := what or (pose.misfits(matrix, before, after, longer) if last else ""):
                return _Match(guess, scores, float(scores[used].min()), what)
        return _Match(matrix, scores, float(scores[used].min()), self._strayed(matrix))

    def _used(self, scores: npt.NDArray[np.float64]) -> list[int]:
        """The marks that a pose is read from: all that match; one of three may be hidden."""
        order = np.argsort(-scores, kind="stable")
        least = len(scores) - len(scores) // 3
        return sorted(
            int(i) for place, i in enumerate(order) if place < least or scores[i] >= self._min_match
        )

    @staticmethod
    def _weak(scores: npt.NDArray[np.float64], used: Sequence[int], least: float) -> str:
        weak = min(used, key=lambda index: float(scores[index]))
        if scores[weak] >= least:
            return ""
        return f"mark {weak + 1} is not found: match {max(scores[weak], 0):.2f}, needs {least:.2f}"

    def _strayed(self, matrix: Matrix) -> str:
        middle = np.array([(self._size[1] / 2, self._size[0] / 2)])
        drift = float(np.abs(pose.apply(matrix, middle) - middle).max())
        if drift <= (allowed := self._search * max(self._size)) + FOLLOW:
            return ""
        return f"the picture has shifted by {drift:.0f} pixels; picture.search allows {allowed:.0f}"

    def _farthest(self, matrix: Matrix, other: Matrix) -> float:
        """Pixels between where two poses see the mark on which they differ most."""
        apart = pose.apply(matrix, self._centres) - pose.apply(other, self._centres)
        return float(np.linalg.norm(apart, axis=1).max())
