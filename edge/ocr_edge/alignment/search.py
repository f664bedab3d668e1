"""Marks looked for in frames of one size: near a pose, or everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.alignment import marks as marked
from ocr_edge.alignment.coarse import Coarse
from ocr_edge.config.settings import Mark
from ocr_edge.contract.preprocess import luminance
from ocr_edge.contract.types import Image
from ocr_edge.geometry import transform
from ocr_edge.geometry.transform import Matrix

NEAR = 8.0
"""Pixels around the place where a mark is expected that it is looked for at last."""
STEPS = 8
"""How often a mark found at that limit is looked for again around where it was found."""
SURE = 0.9
"""Correlation of all marks from which on no other place is looked at."""
Scores = npt.NDArray[np.float64]
"""Correlations, one for each mark, -1 to 1, shape ``(N,)``."""
GUESSES = 4
"""Places of the coarse search that are looked at closely."""


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """A pose and what speaks for it.

    Attributes:
        matrix: From the reference in the size of the frame to the frame.
        scores: Correlation of each mark.
        score: Correlation of the worst mark that was used.
        problem: Why it is no pose; empty when it is one.
    """

    matrix: Matrix
    scores: Scores
    score: float
    problem: str

    @property
    def worth(self) -> tuple[bool, float]:
        """What the better one of two has more of: a pose that hides no mark is likelier than one that does."""
        return not self.problem, self.likeness

    @property
    def likeness(self) -> float:
        """Mean correlation of all marks, hidden ones too."""
        return float(self.scores.mean())


class Search:
    """Looks for marks in frames of one size.

    Args:
        reference: uint8 RGB, shape ``(H, W, 3)``.
        marks: In pixels of the reference.
        size: ``(height, width)`` of the frames.
        search: How far the picture may have shifted, as a share of its longer side.
        min_match: Correlation below which a mark is not found.

    Attributes:
        size: As given.
        scaling: From coordinates of the reference to those of a frame in which nothing has moved.

    Raises:
        CaptureError: Frames have another shape than the reference.
    """

    def __init__(
        self, reference: Image, marks: Sequence[Mark], size: tuple[int, int], search: float, min_match: float
    ) -> None:
        self.size, self.scaling = size, transform.scaling(size, reference.shape[:2])
        gray = luminance(reference)
        if size != gray.shape:
            gray = np.asarray(cv2.resize(gray, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        scale = float(self.scaling[0, 0]), float(self.scaling[1, 1])
        self._patches = marked.patches(gray, marks, scale)
        self._centres = np.array([patch.centre for patch in self._patches])
        self._coarse = Coarse(gray, marks, scale, search)
        self._longer, self._search = max(size), search
        # Elsewhere, a mark must look more like itself than anything around it does.
        twins = [marked.twin(patch, search * self._longer).match for patch in self._patches]
        self._least = np.full(len(marks), min_match)
        self._least_moved = np.maximum(self._least, twins)

    def follow(self, image: Image, last: Matrix) -> Match:
        """Look at where the marks were last."""
        found = self._close(image, last, (NEAR,), self._least)
        for _ in range(STEPS):
            if found.problem or self.apart(found.matrix, last) < NEAR - 1:
                break
            # At the rim of what was looked at: the best place may lie just beyond.
            last = found.matrix
            found = self._close(image, last, (NEAR,), self._least)
        return found

    def seek(self, image: Image, *, turned: bool) -> Match:
        """Look everywhere, and closely at the best of the places that the coarse search proposes.

        Args:
            image: The frame, uint8 RGB.
            turned: Whether for marks turned by more than a few degrees too, which is most of the work.
        """
        reaches = (0.025 * self._longer + 2 * self._coarse.step, 0.01 * self._longer + NEAR, NEAR)
        turns = self._coarse.turns
        best = self._close(image, self._coarse.guesses(image, turns[:1])[0], reaches, self._least_moved)
        if best.problem or best.scores.min() < SURE:
            guesses = self._coarse.guesses(image, turns if turned else turns[:1])
            others = [self._close(image, guess, reaches, self._least_moved) for guess in guesses[:GUESSES]]
            best = max((best, *others), key=lambda found: found.worth)
        return best

    def apart(self, one: Matrix, other: Matrix) -> float:
        """Pixels between where two poses see the mark on which they differ most."""
        off = transform.apply(one, self._centres) - transform.apply(other, self._centres)
        return float(np.linalg.norm(off, axis=1).max())

    def _close(self, image: Image, guess: Matrix, reaches: Sequence[float], least: Scores) -> Match:
        """The pose near a guess, in steps that look less far and more strictly each time."""
        matrix = guess
        for reach in reaches:
            last = reach == reaches[-1]
            near = transform.apply(matrix, self._centres)
            found = [
                patch.find(image, patch.template(matrix), point, reach)
                for patch, point in zip(self._patches, near, strict=True)
            ]
            scores = np.array([score for _, score in found])
            used = _used(scores, least)
            before, after = self._centres[used], np.array([found[i][0] for i in used])
            wide = reach != reaches[-1] and reach == reaches[0]
            matrix = transform.fit(before, after, self._longer, simple=wide)
            what = transform.problem(matrix, self.size)
            if last:
                what = _weak(scores, used, least) or what
                what = what or transform.misfits(matrix, before, after, self._longer)
            if what or (scores[used] < least[used] / 2).any():
                break
        what = what or _weak(scores, used, least) or self._strayed(matrix)
        return Match(matrix, scores, float(scores[used].min()), what)

    def _strayed(self, matrix: Matrix) -> str:
        middle = np.array([(self.size[1] / 2, self.size[0] / 2)])
        drift = float(np.abs(transform.apply(matrix, middle) - middle).max())
        if drift <= (allowed := self._search * self._longer) + NEAR:
            return ""
        return f"the picture has shifted by {drift:.0f} pixels; picture.search allows {allowed:.0f}"


def _used(scores: Scores, least: Scores) -> list[int]:
    """The marks that a pose is read from: all that match; one of three may be hidden."""
    order = [int(index) for index in np.argsort(-scores, kind="stable")]
    needed = len(scores) - len(scores) // 3
    return sorted(i for place, i in enumerate(order) if place < needed or scores[i] >= least[i])


def _weak(scores: Scores, used: Sequence[int], least: Scores) -> str:
    """Which mark is not found; where one is hidden, the others must match better."""
    hidden = set(range(len(scores))) - set(used)
    needs = (1 + least) / 2 if hidden else least
    if all(scores[index] >= needs[index] for index in used):
        return ""
    weak = min(hidden or used, key=lambda index: float(scores[index] - least[index]))
    return f"mark {weak + 1} is not found: match {max(scores[weak], 0):.2f}, needs {least[weak]:.2f}"
