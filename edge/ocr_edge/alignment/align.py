"""The marks of the reference found again in a frame, and with them where its coordinates are now.

A camera that stands still costs a look at each mark's place. After a bump, a coarse search lets all marks vote
together for a turn, a scale and a shift; then each is looked for closely, turned as the vote says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ocr_edge.alignment import marks as marked
from ocr_edge.alignment.search import Search
from ocr_edge.config.settings import Mark
from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_edge.geometry import transform
from ocr_edge.geometry.transform import Matrix

STEADY = 0.3
"""Pixels that a mark must have moved by before the pose is a new one: less is noise."""
WORSE = 0.05
"""By how much the marks may look less like themselves before a better place is looked for everywhere."""
PATIENCE = 5
"""Of so many frames in which the marks are lost, one is searched for turned marks too: that is most of the work."""
STILL = transform.shift(0, 0)


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
        self._reference, self._marks = reference, marks
        self._reach, self._min_match = search, min_match
        self._search = Search(reference, marks, reference.shape[:2], search, min_match)
        self._pose = STILL
        self._usual = 1.0
        self._missed = 0

    def align(self, image: Image) -> Alignment:
        """Find the reference in a frame.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``, of the reference's shape in any size.

        Raises:
            CaptureError: The frame has another shape than the reference.
        """
        if image.shape[:2] != self._search.size:
            size = image.shape[:2]
            self._search = Search(self._reference, self._marks, size, self._reach, self._min_match)
            self._pose, self._usual, self._missed = STILL, 1.0, 0
        match = self._search.follow(image, self._pose)
        if match.problem or match.likeness < self._usual - WORSE:
            sought = self._search.seek(image, turned=self._missed % PATIENCE == 0)
            # A mark that still fits where it was has not moved: the others are hidden.
            if (sought.scores > match.scores - WORSE).all():
                match = max(match, sought, key=lambda found: found.worth)
            self._usual = 1.0 if match.problem else match.likeness
        self._usual = max(self._usual, match.likeness)
        self._missed = self._missed + 1 if match.problem else 0
        if not match.problem and self._search.apart(match.matrix, self._pose) > STEADY:
            self._pose = match.matrix
        moved = self._search.apart(self._pose, STILL)
        matrix = self._pose @ self._search.scaling
        return Alignment(matrix, match.score, moved, bool(match.problem), match.problem)
