"""What a pipeline looked at and asked, kept in order: guesses at the ink, and strips given to the line stage."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.types import Box, Image, Polarity
from ocr_edge.decode.doubt import Meaning
from ocr_edge.decode.pattern import Pattern
from ocr_edge.recognize.line_reader import LineReader, StripReading
from ocr_edge.recognize.lines import Posteriors
from ocr_edge.segment.segmenter import Guess, Segmenter


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A picture that was looked at: the whole one, a panel in it, one of them turned straight.

    Attributes:
        picture: What was looked at.
        guesses: At its ink, as far as they were needed; none where the line stage was sure of all of it.
    """

    picture: Image
    guesses: list[Guess]


@dataclass(frozen=True, slots=True)
class Recorder(Segmenter):
    """A segmenter that keeps what it found.

    Attributes:
        looks: In order, one for each picture.
    """

    looks: list[Look] = field(default_factory=list)

    def look(self, image: Image, scale: float) -> Iterator[Guess]:
        """The segmenter's guesses at one scale; those at another one of the same picture belong to the same look."""
        if not self.looks or self.looks[-1].picture is not image:
            self.looks.append(Look(image, []))
        at = self.looks[-1]
        for guess in Segmenter.look(self, image, scale):
            at.guesses.append(guess)
            yield guess


@dataclass(frozen=True, slots=True, eq=False)
class Try:
    """One strip that the line stage was given.

    Attributes:
        image: The picture that it was cut from.
        box: Where in it.
        polarity: Of the ink; None where it had to guess.
        posteriors: What the network said.
        found: What was read; None where that is nothing, or nothing that the pattern allows.
    """

    image: Image
    box: Box
    polarity: Polarity | None
    posteriors: Posteriors
    found: StripReading | None


class LineRecorder(LineReader):
    """A line reader that keeps what it was given; the arguments are those of ``LineReader``.

    Attributes:
        tries: In order.
    """

    def __init__(
        self, bundle: Bundle, pattern: Pattern | None, min_margin: float, meaning: Meaning | None = None
    ) -> None:
        super().__init__(bundle, pattern, min_margin, meaning)
        self.tries: list[Try] = []

    def read(
        self, image: Image, box: Box, polarity: Polarity | None = None, line: Box | None = None
    ) -> StripReading | None:
        """The line reader's reading."""
        posteriors = self.look(image, box, polarity)
        found = self.decode(box, posteriors, line)
        self.tries.append(Try(image, box, polarity, posteriors, found))
        return found
