"""Whether a line adds something to those kept: one unsure reading again and again must not fill the folder. Pure."""

from collections import defaultdict
from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image
from ocr_edge.harvest.sample import About

LOOK = (8, 32)
"""Rows and columns of the small picture that strips are compared by: four columns a digit of a meter."""
SAME_TEXT = 3
"""Samples of one region that were read alike and are not labelled yet."""
ALIKE = 0.97
"""Correlation from which two strips with one text are the same picture: noise and a pixel of shift stay above it."""
SAME = 0.995
"""The same for strips with different texts. It is higher: a digit of six changes little."""


def look(strip: Image) -> bytes:
    """A strip made small: ``LOOK`` grey levels."""
    gray = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(gray, LOOK[::-1], interpolation=cv2.INTER_AREA), np.uint8).tobytes()


class Known:
    """What is kept and not labelled yet.

    Args:
        kept: Of each sample, what is known of it.
    """

    def __init__(self, kept: Iterable[About] = ()) -> None:
        self._by_region: defaultdict[str, dict[str, tuple[str, npt.NDArray[np.float32]]]] = defaultdict(dict)
        for about in kept:
            self.add(about)

    def adds(self, region: str, text: str, looks: bytes) -> bool:
        """Whether a line of a region shows something new.

        Args:
            region: Its name.
            text: What was read.
            looks: From ``look``.
        """
        others = self._by_region[region].values()
        same = [seen for said, seen in others if said == text]
        if len(same) >= SAME_TEXT:
            return False
        mine = _normal(looks)
        return not (
            any(float(mine @ seen) >= ALIKE for seen in same)
            or any(float(mine @ seen) >= SAME for _, seen in others)
        )

    def add(self, about: About) -> None:
        """Know one more."""
        if len(about.look) == LOOK[0] * LOOK[1]:
            self._by_region[about.region][about.id] = about.text, _normal(about.look)

    def forget(self, ids: Iterable[str]) -> None:
        """Know some no more: they are labelled or gone, and the same may be kept again."""
        gone = set(ids)
        for kept in self._by_region.values():
            for each in gone & kept.keys():
                del kept[each]


def _normal(looks: bytes) -> npt.NDArray[np.float32]:
    """Grey levels as a vector of mean 0 and length 1, so that a product is a correlation."""
    levels = np.frombuffer(looks, np.uint8).astype(np.float32)
    levels -= levels.mean()
    return np.asarray(levels / max(float(np.linalg.norm(levels)), 1.0), np.float32)
