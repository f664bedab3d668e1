"""Reads a counter of wheels: the window in, the number it stands at out. Pure."""

import logging

import cv2
import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.types import Box, Glyph, Image, Polarity, Scores
from ocr_edge.decode.pattern import Pattern
from ocr_edge.errors import ConfigError
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.recognize.characters import Recognizer
from ocr_edge.recognize.lines import LineRecognizer
from ocr_edge.rolling import wheels
from ocr_edge.rolling.faces import likeness
from ocr_edge.rolling.mechanics import Seen, Standing, resolve
from ocr_edge.timing import Stopwatch

_LOGGER = logging.getLogger(__name__)

DIGITS = tuple("0123456789")
NETWORK_FROM, NETWORK_ALL = 0.6, 0.9
"""Share of a digit seen from which the network's word for it counts, and from which it counts fully: below the first it
is right no more often than by chance (see ``faces``)."""
FACES_LEAST = 0.3
"""What the faces count beside the network where a digit is whole: there it is right in 99.9 %, they in 94 %."""
LEAST = -10.0
"""Log-probability below which the network's word is not told apart."""
SMALL = 1e-6
"""The same, as a probability, of a digit that is published."""
MARGIN = 0.2
"""Paper around a digit that a line stage is given, in heights of it, as lines have."""


class RollingReader:
    """Reads a counter.

    Args:
        bundle: A loaded bundle; its character stages read, or the line stage where it has none.
        pattern: What the counter may stand at, one digit for each wheel.
        upwards: Whether the next digit comes from below.
        polarity: Ink against wheel where it is known.

    Attributes:
        labels: The ten digits.

    Raises:
        ConfigError: The pattern does not say how many wheels there are, or the bundle does not know the digits.
    """

    labels = DIGITS

    def __init__(
        self,
        bundle: Bundle,
        pattern: Pattern | None,
        *,
        upwards: bool = True,
        polarity: Polarity | None = None,
    ) -> None:
        self._count = _wheels_of(pattern)
        self._pattern, self._upwards, self._polarity = pattern, upwards, polarity
        self._characters = Recognizer(bundle) if bundle.networks else None
        self._lines = None if self._characters else LineRecognizer(bundle)
        known = self._characters.labels if self._characters else self._lines.labels if self._lines else ()
        if missing := [digit for digit in DIGITS if digit not in known]:
            raise ConfigError(f"rolling: bundle {bundle.manifest.name} cannot read {', '.join(missing)}")
        self._columns = [known.index(digit) for digit in DIGITS]

    def read(self, image: Image, *, source: str = "", time: float = 0.0) -> Reading:
        """Read one picture.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``: the counter's window and nothing else.
            source: Name of the file or camera.
            time: Epoch seconds of the capture.

        Returns:
            One line, or none with the reason in ``why``. Its confidence is the probability that the number is right or
            one too low.
        """
        watch = Stopwatch()
        with watch.step("segment"):
            window = wheels.look(image, self._count, self._polarity)
        if window is None:
            return Reading(source, (), time, why="no whole digit on any wheel", timing_ms=watch.stopped())
        with watch.step("recognize"):
            seen = [[self._seen(piece, window) for piece in pieces] for pieces in window.wheels]
        with watch.step("decode"):
            standing = resolve(seen)
        _LOGGER.debug("counter at %s, last wheel turned by %.2f", standing.text, standing.turn)
        if self._pattern and not self._pattern.matches(standing.text):
            return Reading(source, (), time, why="pattern", timing_ms=watch.stopped())
        return Reading(source, (_line(standing, image.shape[:2]),), time, timing_ms=watch.stopped())

    def _seen(self, piece: wheels.Piece, window: wheels.Window) -> Seen:
        middle = (piece.middle - window.middle) / window.height
        share = min(max((piece.seen - NETWORK_FROM) / (NETWORK_ALL - NETWORK_FROM), 0.0), 1.0)
        scores = np.asarray((1 - (1 - FACES_LEAST) * share) * likeness(piece.glyph), np.float64)
        if share:
            scores = scores + share * np.maximum(self._named(piece.glyph), LEAST)
        return Seen(middle if self._upwards else -middle, scores)

    def _named(self, glyph: Glyph) -> Scores:
        """Log-probability of each digit, as the network has it."""
        if self._characters:
            return np.asarray(self._characters.recognize([glyph])[0, self._columns])
        assert self._lines is not None
        found = self._lines.recognize(_padded(glyph), glyph.polarity).scores[:, self._columns]
        return np.asarray(found.max(axis=0))


def _wheels_of(pattern: Pattern | None) -> int:
    """How many wheels a counter has, as its pattern says."""
    example = "such as pattern '\\d{5}' or format '00000' for five wheels"
    if pattern is None:
        raise ConfigError(f"rolling needs a digit for each wheel, {example}")
    said = [label for label, used in zip(pattern.labels, pattern.uses, strict=True) if used]
    if other := [label for label in said if label not in DIGITS]:
        raise ConfigError(
            f"rolling: {pattern.told} has {other[0]!r}, expected digits alone, {example};"
            " 'decimals' says where the point is"
        )
    if pattern.longest != pattern.shortest:
        most = pattern.longest or "any number of"
        raise ConfigError(
            f"rolling: {pattern.told} allows {pattern.shortest} to {most} digits,"
            f" expected one length, {example}"
        )
    return pattern.shortest


def _padded(glyph: Glyph) -> Image:
    margin = max(1, round(MARGIN * len(glyph.rgb)))
    sides = (margin,) * 4
    return np.asarray(cv2.copyMakeBorder(glyph.rgb, *sides, cv2.BORDER_REPLICATE), np.uint8)


def _line(standing: Standing, size: tuple[int, int]) -> Line:
    """The number as a line: each wheel a character, as wide as its share of the window."""
    height, width = size
    borders = np.linspace(0, width, len(standing.text) + 1).round().astype(int).tolist()
    characters = []
    for text, chances, left, right in zip(
        standing.text, standing.chances, borders[:-1], borders[1:], strict=True
    ):
        others = [i for i in np.argsort(-chances, kind="stable").tolist() if DIGITS[i] != text]
        order = [int(text), *(i for i in others[:2] if chances[i] > 0)]
        alternatives = tuple((DIGITS[i], min(float(chances[i]), 1.0)) for i in order)
        scores = np.log(np.maximum(chances, SMALL)).astype(np.float32)
        box = Box(left, 0, max(1, right - left), height)
        characters.append(Character(*alternatives[0], box, alternatives, scores, labels=DIGITS))
    return Line(tuple(characters), standing.confidence)
