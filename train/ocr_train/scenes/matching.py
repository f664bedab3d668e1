"""How well outlines that were found fit those that are there: the rule of ICDAR 2015 (Karatzas et al., ICDAR 2015)."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2

from ocr_train.scenes.sheet import Quads

MATCH = 0.5
"""Least intersection over union of an outline that was found with one that is there; and the share of a found one
within something unreadable from which it is neither right nor wrong."""


@dataclass(frozen=True, slots=True)
class Found:
    """Counts over some pictures.

    Attributes:
        right: Outlines that were found and are there, one to one.
        found: Outlines that were found, without those of unreadable text.
        there: Outlines that are there.
    """

    right: int = 0
    found: int = 0
    there: int = 0

    @property
    def precision(self) -> float:
        """Share of what was found that is there, 0 to 1."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Share of what is there that was found, 0 to 1."""
        return self.right / self.there if self.there else 0.0

    @property
    def f(self) -> float:
        """Harmonic mean of the two, 0 to 1."""
        return 2 * self.right / (self.found + self.there) if self.found + self.there else 0.0

    def __add__(self, other: "Found") -> "Found":
        return Found(self.right + other.right, self.found + other.found, self.there + other.there)


def total(counts: Iterable[Found]) -> Found:
    """The sum."""
    return sum(counts, Found())


def matched(found: Quads, there: Quads, ignored: Quads) -> Found:
    """Count one picture.

    Args:
        found: What a detector says, shape ``(N, 4, 2)``.
        there: What can be read.
        ignored: What nobody can read.
    """
    kept = [quad for quad in found if not _is_ignored(quad, ignored)]
    free = list(range(len(there)))
    right = 0
    for quad in kept:
        # As the published evaluation does: the first that fits, in the order of the truth.
        for number in free:
            if _union(quad, there[number]) > MATCH:
                free.remove(number)
                right += 1
                break
    return Found(right, len(kept), len(there))


def _is_ignored(quad: Quads, ignored: Quads) -> bool:
    area = cv2.contourArea(quad)
    return any(_shared(quad, other) > MATCH * max(area, 1e-6) for other in ignored)


def _union(one: Quads, other: Quads) -> float:
    """Intersection over union of two outlines."""
    shared = _shared(one, other)
    return shared / max(cv2.contourArea(one) + cv2.contourArea(other) - shared, 1e-6)


def _shared(one: Quads, other: Quads) -> float:
    """Area that two outlines share, in square pixels."""
    if (one.max(0) < other.min(0)).any() or (other.max(0) < one.min(0)).any():
        return 0.0
    area, _ = cv2.intersectConvexConvex(cv2.convexHull(one), cv2.convexHull(other))
    return float(area)
