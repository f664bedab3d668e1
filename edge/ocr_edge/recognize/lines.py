"""Reads strips: fill to an accepted width, run the line stage, give calibrated log-probabilities over time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.labels import is_mark
from ocr_edge.contract.preprocess import STEP, fill, strip
from ocr_edge.contract.quantize import log_softmax, quantize_pixels
from ocr_edge.contract.types import Image, Polarity, Scores
from ocr_edge.errors import ModelError
from ocr_edge.recognize.bundle import Bundle
from ocr_edge.recognize.cuts import Piece, pieces
from ocr_edge.recognize.interpreter import Network, Widths

NEVER = -69.0
"""Log-probability of what cannot be: e to the -69 is 1e-30."""


@dataclass(frozen=True, slots=True, eq=False)
class Posteriors:
    """What the line stage says of one strip.

    Attributes:
        scores: Calibrated log-probabilities, float32, shape ``(T, labels + 1)``, the blank last; row ``t`` stands for
            the strip's columns from ``STEP * t`` up to ``STEP * (t + 1)``.
        rgb: The strip, uint8, shape ``(32, w, 3)``, not filled; ``T`` is ``w / STEP``, rounded up.
        binary: Its ink, uint8, shape ``(32, w, 1)``, ink 255.
    """

    scores: Scores
    rgb: Image
    binary: Image


class LineRecognizer:
    """Runs the first line stage of a bundle.

    Args:
        bundle: A loaded bundle.

    Attributes:
        labels: The ordered texts it can say; the blank comes after them.
        stage: What the manifest says of the stage.

    Raises:
        ModelError: The bundle has no line stage.
    """

    def __init__(self, bundle: Bundle) -> None:
        if not bundle.lines:
            raise ModelError(f"bundle {bundle.path}: has no stage that reads lines")
        self.stage = bundle.manifest.lines[0]
        self.labels = self.stage.labels
        self._widths = bundle.lines[0]
        self._marks = np.flatnonzero([is_mark(label) for label in self.labels])

    def recognize(self, image: Image, polarity: Polarity | None = None) -> Posteriors:
        """Read the crop of one line.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``: one line of text and little else.
            polarity: Ink against paper where it is known.

        Raises:
            ValueError: The crop has no pixels or a wrong shape.
            ModelError: The network failed.
        """
        return self.recognize_strip(*strip(image, polarity))

    def recognize_strip(self, rgb: Image, binary: Image) -> Posteriors:
        """Read a strip as ``contract.preprocess.strip`` makes it.

        Args:
            rgb: uint8, shape ``(32, w, 3)``, ``w`` at least 1.
            binary: uint8, shape ``(32, w, 1)``.

        Raises:
            ModelError: The network failed.
        """
        scores = log_softmax(strip_logits(self._widths, rgb, binary), self.stage.temperature)
        return Posteriors(without_marks_on_paper(scores, binary, self._marks), rgb, binary)


def without_marks_on_paper(scores: Scores, binary: Image, marks: npt.NDArray[np.intp]) -> Scores:
    """Log-probabilities without marks before the first ink of a strip and after its last: there, they are the blank's.

    What lies between letters and digits that are heard is not outside, even where no ink was seen: on a display that is
    lit from one side, half of a strip may have none.

    The network sees a colon in the margin of every third line of a receipt, and a point or a minus as faint as that is
    ink nevertheless. Letters and digits stay: glare hides their ink.

    Args:
        scores: float32, shape ``(T, labels + 1)``, the blank last.
        binary: uint8, shape ``(32, w, 1)``, ink 255.
        marks: Numbers of the labels that are marks, the space among them.

    Returns:
        float32, the same shape.
    """
    inked = np.flatnonzero(binary.any(axis=(0, 2)))
    if not len(inked) or not len(marks):
        return scores
    is_letter = np.ones(scores.shape[1], np.bool_)
    is_letter[marks] = is_letter[-1] = False
    # Likelier than all else.
    heard = np.flatnonzero((scores > np.log(0.5)).any(axis=1, where=is_letter))
    # A mark is loudest on its ink or a step beside it.
    first, last = inked[0] // STEP - 1, inked[-1] // STEP + 1
    if len(heard):
        first, last = min(first, heard[0]), max(last, heard[-1])
    result = scores.copy()
    for outside in (result[: max(0, first)], result[last + 1 :]):
        outside[:, -1] = np.logaddexp.reduce(outside, axis=1, where=~is_letter)
        outside[:, marks] = NEVER
    return result


def strip_logits(networks: Widths, rgb: Image, binary: Image) -> Scores:
    """What a line network says of a strip of any width, float32, shape ``(T, labels + 1)``.

    Args:
        networks: The network for every accepted width.
        rgb: uint8, shape ``(32, w, 3)``, ``w`` at least 1.
        binary: uint8, shape ``(32, w, 1)``.

    Raises:
        ModelError: The network failed.
    """
    cut = pieces(binary, networks.widths[-1])
    return joined(cut, [_piece_logits(networks, *piece.of(rgb, binary)) for piece in cut])


def _piece_logits(networks: Widths, rgb: Image, binary: Image) -> Scores:
    """Logits of a strip that an accepted width holds, cut off after its own columns."""
    columns = rgb.shape[1]
    width, network = networks.holding(columns)
    return run(network, *fill(rgb, binary, width))[: steps(columns)]


def joined(cut: Sequence[Piece], found: Sequence[Scores]) -> Scores:
    """The rows of a whole strip from those of its pieces."""
    parts = []
    # Nothing is put between pieces: a row stays four columns, and a blank there would double a space or a letter
    # that the cut goes through.
    for piece, rows in zip(cut, found, strict=True):
        first = (piece.start - piece.left) // STEP
        parts.append(rows[first : first + steps(piece.end - piece.start)])
    return np.concatenate(parts)


def run(network: Network, rgb: Image, binary: Image) -> Scores:
    """Logits of a filled strip, float32, shape ``(T, labels + 1)``."""
    if network.output is None:
        found = np.asarray(
            network.run({"rgb": rgb.astype(np.float32)[None], "binary": binary.astype(np.float32)[None]}),
            np.float32,
        )
    else:
        found = network.output.dequantize(
            network.run({"rgb": quantize_pixels(rgb)[None], "binary": quantize_pixels(binary)[None]})
        )
    # A height of one may be left between batch and time.
    return found.reshape(-1, found.shape[-1])


def steps(columns: int) -> int:
    """Time steps of so many columns: the last one may be only partly filled."""
    return -(-columns // STEP)
