"""Finds the lines of a picture: looks at several sizes, one outline a line."""

from dataclasses import dataclass

import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.detect.joining import around, joined, without_doubles
from ocr_edge.detect.looks import look
from ocr_edge.detect.network import text_map
from ocr_edge.detect.quads import Quads, outlines
from ocr_edge.errors import ModelError
from ocr_edge.recognize.bundle import Bundle

LOOKS = (320, 640)
"""Longer sides of the picture in the looks that every one gets: text half as high as the picture shows in the first."""
MOST_ENLARGED = 2
"""How many times a small picture is enlarged for a look, at most: there is nothing more to be seen in it."""
LARGE = 1280
"""The same of the look that small print gets."""
SMALL = 11.0
"""Height of a line in the larger look of ``LOOKS``, in pixels, below which small print is looked at again."""
BEST = 24.0
"""Height at which the network sees text best; of two looks at the same line the one nearer to it, in proportion, is
believed."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A line that was found.

    Attributes:
        quad: Its outline in the picture's pixels, float32, shape ``(4, 2)``, its top side along the text.
        score: Mean probability, 0 to 1.
    """

    quad: Quads
    score: float

    @property
    def height(self) -> float:
        """Of the line, in pixels."""
        return float(np.linalg.norm(self.quad[3] - self.quad[0]))


class Detector:
    """Runs the detector of a bundle.

    Args:
        bundle: A loaded bundle.

    Raises:
        ModelError: The bundle has no stage that finds lines.
    """

    def __init__(self, bundle: Bundle) -> None:
        if not bundle.detectors:
            raise ModelError(f"bundle {bundle.path}: has no stage that finds lines")
        (self._networks,) = bundle.detectors

    def detect(self, image: Image) -> list[Found]:
        """The lines of a picture.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.

        Returns:
            One for each line, in no order.

        Raises:
            ModelError: The network failed.
        """
        longest = max(image.shape[:2])
        sides = sorted({min(side, MOST_ENLARGED * longest) for side in LOOKS})
        parts = [self._look(image, side) for side in sides]
        quads, scores, preference = (np.concatenate(group) for group in zip(*parts, strict=True))
        scale = min(LOOKS[-1], longest) / longest
        if longest > LOOKS[-1] and len(quads) and np.median(_heights(quads)) * scale < SMALL:
            more = self._look(image, min(LARGE, longest))
            quads, scores, preference = (
                np.concatenate(pair) for pair in zip((quads, scores, preference), more, strict=True)
            )
        kept = without_doubles(quads, preference)
        quads, scores = quads[kept], scores[kept]
        return [Found(around(quads[group]), float(scores[group].mean())) for group in joined(quads)]

    def _look(self, image: Image, side: int) -> tuple[Quads, np.ndarray, np.ndarray]:
        """Outlines in the picture's pixels, their scores, and how far each is to be preferred to other looks'."""
        seen, scale = look(image, side)
        quads, scores = outlines(text_map(self._networks, seen))
        unlike = (
            np.abs(np.log(np.maximum(_heights(quads), 1.0) / BEST)) if len(quads) else np.zeros(0, np.float32)
        )
        return quads / np.float32(scale), scores, (scores - 0.5 * unlike).astype(np.float32)


def _heights(quads: Quads) -> np.ndarray:
    return np.asarray(np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1), np.float32)
