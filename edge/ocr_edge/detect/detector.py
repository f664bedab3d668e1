"""Finds the lines of a picture: looks at several sizes, one outline a line."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image
from ocr_edge.detect.joining import APART, Scores, around, joined, without_doubles
from ocr_edge.detect.looks import looks
from ocr_edge.detect.network import text_map
from ocr_edge.detect.quads import Quads, outlines
from ocr_edge.errors import ModelError
from ocr_edge.recognize.bundle import Bundle
from ocr_edge.trace import OFF, Trace

LOOKS = (80, 160, 320, 640, 1920)
"""Longer sides of the picture in the looks that each gets: a number as high as the picture is seen in the first."""
MOST_ENLARGED = 2
"""How many times a small picture is enlarged for a look, at most: there is nothing more to be seen in it."""
LEAST, MOST = 8.0, 45.0
"""Heights of lines, in pixels of a look, that are taken from it: others are seen better in another look, and their
outlines are too high or too low by a fifth and more. In the smallest look there is no upper bound."""
BEST, UNLIKE = 26.0, 0.2
"""Of two looks at the same line that one is believed in which its score is higher, and its height nearer to ``BEST``:
``UNLIKE`` is taken off the score for each factor of e. Chosen by what is read on validation parts of photographs,
plates and pages, with ``quads.THRESHOLD`` and ``LEAST_SCORE``; F on the validation scenes (``icdar2015_scenes`` 70,
``sroie_pages`` 15, drawn 50): 57.1, 91.1 and 52.4 %, with ``BEST`` 22 to 30 and ``UNLIKE`` 0.1 within 1.0 of that."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A line that was found.

    Attributes:
        quad: Its outline in the picture's pixels, float32, shape ``(4, 2)``, its top side along the text.
        score: Mean of what the map says within it, 0 to 1.
        pieces: Numbers of the pieces that it was joined from, from left to right.
    """

    quad: Quads
    score: float
    pieces: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """What a detector sees in a picture: words, lines or parts of them.

    Attributes:
        quads: Their outlines in the picture's pixels, float32, shape ``(N, 4, 2)``.
        scores: Mean of what the map says within each, 0 to 1, float32, shape ``(N,)``.
    """

    quads: Quads
    scores: Scores

    def lines(self, apart: float = APART) -> list[Found]:
        """The lines that the pieces are of, in no order.

        Args:
            apart: Widest gap between two pieces of a line, in heights of the line.
        """
        return [
            Found(around(self.quads[group]), float(self.scores[group].mean()), tuple(group))
            for group in joined(self.quads, apart)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One look at a picture: a note for a trace.

    Attributes:
        seen: What the network saw, uint8 RGB.
        text: What it says of it, shape ``(h, w)``: see ``network.text_map``.
        quads: The outlines in it, in pixels of ``seen``.
        fits: bool, one an outline: whether it has a height that is taken from this look.
    """

    seen: Image
    text: Scores
    quads: Quads
    fits: npt.NDArray[np.bool_]


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

    def detect(self, image: Image, trace: Trace = OFF) -> Pieces:
        """What text a picture shows.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            trace: Is told of the looks.

        Raises:
            ModelError: The network failed.
        """
        longest = max(image.shape[:2])
        sides = sorted({min(side, MOST_ENLARGED * longest) for side in LOOKS}, reverse=True)
        found = [
            self._look(seen, scale, np.inf if scale * longest <= sides[-1] else MOST, trace)
            for seen, scale in looks(image, sides)
        ]
        quads, scores, preference = (np.concatenate(group) for group in zip(*found, strict=True))
        kept = without_doubles(quads, preference)
        return Pieces(quads[kept], scores[kept])

    def _look(self, seen: Image, scale: float, most: float, trace: Trace) -> tuple[Quads, Scores, Scores]:
        """Outlines in the picture's pixels, their scores, and how far each is to be preferred to other looks'."""
        text = text_map(self._networks, seen)
        quads, scores = outlines(text)
        heights = _heights(quads)
        fits = (heights >= LEAST) & (heights <= most)
        trace.add(Look(seen, text, quads, fits))
        quads, scores, heights = quads[fits], scores[fits], heights[fits]
        preference = scores - np.float32(UNLIKE) * np.abs(np.log(heights / np.float32(BEST)))
        return quads / np.float32(scale), scores, np.asarray(preference, np.float32)


def _heights(quads: Quads) -> Scores:
    return np.asarray(np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1), np.float32)
