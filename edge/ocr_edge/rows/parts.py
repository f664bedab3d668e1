"""Lines that may be rows of a text, and the text that they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from ocr_edge.contract.types import Box
from ocr_edge.decode.line_decoder import Decoded
from ocr_edge.layout.selection import RatedLine
from ocr_edge.recognize.line_reader import ToPicture
from ocr_edge.recognize.lines import Posteriors
from ocr_edge.recognize.places import Place


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A line that may be a row, or part of one.

    Attributes:
        place: Where it was found, with what the character stage says of it; None where the picture was cut.
        box: In the whole picture.
        strip: Where its strip is, what the network says of it and the line in it; None where it was not asked.
        back: Takes boxes of the strip to the whole picture.
    """

    place: Place | None
    box: Box
    strip: tuple[Box, Posteriors, Box] | None
    back: ToPicture

    @property
    def value(self) -> float:
        """How much it explains."""
        return self.place.reading.value if self.place and self.place.reading else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A text and the lines that it was read from, in reading order.

    Attributes:
        rated: The text.
        parts: Its lines.
        decoded: The same in the columns of all strips; None where the line stage did not read them together.
    """

    rated: RatedLine
    parts: Sequence[Part]
    decoded: Decoded | None = None
