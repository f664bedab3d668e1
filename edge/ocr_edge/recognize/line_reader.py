"""Reads one line of a picture with the line stage: crop, strip, posteriors, text with boxes in the picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Box, Image, Polarity
from ocr_edge.decode import ink, joint
from ocr_edge.decode.doubt import Meaning
from ocr_edge.decode.line_decoder import Decoded, LineDecoder
from ocr_edge.decode.pattern import Pattern, spaces
from ocr_edge.layout.selection import RatedLine
from ocr_edge.recognize.bundle import Bundle
from ocr_edge.recognize.lines import LineRecognizer, Posteriors
from ocr_edge.trace import OFF, Trace

PAD_HEIGHT, PAD_WIDTH = 0.14, 1.0
"""Margins around a line that the segmenter found, in heights of its box. The sides need more, up to the next line: a
minus before a number or a point after it is too small to be a piece of the line, and may stand apart from it."""
SURE_LINE = 0.85
"""Calibrated confidence from which a line is not looked at in another way. Chosen on the validation words, amounts,
meters and plates (n = 816): at 0.9 five plates more are read than at 0.8, at 0.8 half of the words take a quarter of
the time."""
SURE_CHARACTER = 0.98
"""The same on average over its characters, from which the answer to a long line stands: that all of sixty are right is
never sure."""
LEAST_OF_READ = 0.3
"""Share of the columns that a reading takes up which are the line's own: three digits of which the segmenter found one
as ink are still read, the end of another line beside a speck is not."""
MORE = 1.0
"""Heights of a strip that a number is looked at once more with on both sides: a digit that stands outside of what was
cut out is lost without a trace, and no digit of a display is further from the next one."""
NEIGHBOUR = 0.3
"""Share of its height that another line must have beside a line to end its margin."""


ToPicture = Callable[[Box], Box]
"""Takes a box to the pixels of the whole picture."""


@dataclass(frozen=True, slots=True, eq=False)
class StripReading:
    """What the line stage says of one line.

    Attributes:
        rated: The characters, boxes in the picture's pixels.
        decoded: The same in the strip's, with the text's log-probability.
        posteriors: What it was decoded from.
        box: The part of the picture that the strip was made of.
    """

    rated: RatedLine
    decoded: Decoded
    posteriors: Posteriors
    box: Box

    @property
    def confidence(self) -> float:
        """Calibrated, 0 to 1."""
        return self.rated.line.confidence

    @property
    def is_sure(self) -> bool:
        """Whether the answer stands, and no other look at the line is needed."""
        confidence = self.confidence
        return (
            confidence >= SURE_LINE or confidence ** (1 / len(self.rated.line.characters)) >= SURE_CHARACTER
        )


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A strip that the line stage was given, and what it says: a note for a trace.

    Attributes:
        image: The picture that it was cut from.
        box: Where in it, margins included.
        polarity: Of its ink; None where that was guessed.
        posteriors: What the network says.
    """

    image: Image
    box: Box
    polarity: Polarity | None
    posteriors: Posteriors


@dataclass(frozen=True, slots=True)
class Unread:
    """Why what the line stage says of its last strip is no reading of the line: a note for a trace.

    Attributes:
        why: In words.
    """

    why: str


class LineReader:
    """Reads lines with the line stage of a bundle.

    Args:
        bundle: One that has a line stage.
        pattern: What every line must match, over any labels; None for anything.
        min_margin: Nats by which the pattern may overrule the picture.
        meaning: What texts stand for, where lines are numbers.
        context: Whether neighbours in a word make each other likelier, where there is no pattern.

    Attributes:
        labels: The texts that it can say, the space among them.
        beside: Heights of a line that are looked at beside it: ``MORE`` where lines are numbers.

    Raises:
        ModelError: The bundle has no line stage.
        ConfigError: The pattern needs what is no label of it.
    """

    def __init__(
        self,
        bundle: Bundle,
        pattern: Pattern | None,
        min_margin: float,
        meaning: Meaning | None = None,
        *,
        context: bool = True,
    ) -> None:
        self._recognizer = LineRecognizer(bundle)
        stage = self._recognizer.stage
        self.labels = stage.texts
        self.beside = MORE if meaning else 0.0
        self._stage_labels = stage.labels
        # Where a pattern overlooks spaces or has some, it says whether there is one between two rows.
        self._may_go_on = pattern is not None
        self._decoder = LineDecoder(
            stage.labels,
            pattern.over(stage.labels) if pattern else None,
            min_margin=min_margin,
            calibration=stage.line_calibration or (1.0, 0.0),
            meaning=meaning,
            context=context,
        )

    def read(
        self,
        image: Image,
        box: Box,
        polarity: Polarity | None = None,
        line: Box | None = None,
        trace: Trace = OFF,
    ) -> StripReading | None:
        """Read one line.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            box: Where the line stands in it, margins included.
            polarity: Ink against paper where it is known.
            line: The same without margins; None where the whole box is the line.
            trace: Is told of the strip and what was made of it.

        Returns:
            Its reading; None when it says nothing, nothing that the pattern allows, or mostly what stands in the
            margins, which is another line's.
        """
        found = self.decode(box, self.look(image, box, polarity, trace), line, trace)
        if found is None or found.rated.line.doubt is None:
            return found
        return self._checked(found, image, polarity, trace)

    def look(
        self, image: Image, box: Box, polarity: Polarity | None = None, trace: Trace = OFF
    ) -> Posteriors:
        """What the network says of one line; arguments as in ``read``."""
        posteriors = self._recognizer.recognize(image[box.top : box.bottom, box.left : box.right], polarity)
        trace.add(Strip(image, box, polarity, posteriors))
        return posteriors

    def _checked(
        self, found: StripReading, image: Image, polarity: Polarity | None, trace: Trace
    ) -> StripReading:
        """A number's reading; where the same line, seen with more beside it, shows a longer one, that or doubt.

        On 7 validation pictures where it does, the shorter one was right in none and the longer one in 3.
        """
        box, more = found.box, round(found.box.height * MORE)
        left, right = max(0, box.left - more), min(image.shape[1], box.right + more)
        wider = Box(left, box.top, right - left, box.height)
        doubt = found.rated.line.doubt
        if doubt is None or wider == box:
            return found
        again = self.decode(wider, self.look(image, wider, polarity, trace), trace=trace)
        said, text = found.rated.line.text, again.rated.line.text if again else ""
        other = again.rated.line.doubt if again else None
        if other is None or other.value == doubt.value or said not in text:
            trace.add(Unread("a second look, with more beside it: no longer number is there"))
            return found
        if again and again.confidence >= found.confidence:
            return self._checked(again, image, polarity, trace)
        trace.add(
            Unread(f'a second look, with more beside it: "{text}" is not surer, but speaks against "{said}"')
        )
        doubted = replace(doubt, lead=min(doubt.lead, 0.0), rival=text)
        return replace(found, rated=replace(found.rated, line=replace(found.rated.line, doubt=doubted)))

    def decode(
        self, box: Box, posteriors: Posteriors, line: Box | None = None, trace: Trace = OFF
    ) -> StripReading | None:
        """The reading of what the network says of the line in a box; ``line`` and None as in ``read``."""
        to_box = _into(box, posteriors, line or box)
        found = self._decoder.decode(posteriors.scores, to_box=to_box, binary=posteriors.binary, trace=trace)
        if found is None:
            return None
        if line and not _is_of(line, found):
            trace.add(Unread("what is read stands in the margins: it is another line's"))
            return None
        reading = StripReading(RatedLine(found.line, calibrated_sure(found)), found, posteriors, box)
        trace.add(reading)
        return reading

    def join(
        self, rows: Sequence[tuple[Box, Posteriors, Box]], backs: Sequence[ToPicture]
    ) -> tuple[Decoded, set[int]] | None:
        """The reading of several strips as one text; the pattern is searched in all of them together.

        Args:
            rows: In reading order, at least one: the box that a strip was made of, what the network says of it, and
                the line in the box, all in the pixels of the picture it was found in.
            backs: Take a box of each to the whole picture's pixels.

        Returns:
            One line, and the numbers of the strips that it has characters of; None when nothing is said, or nothing
            that the pattern allows.
        """
        scores = [posteriors.scores for _, posteriors, _ in rows]
        steps = [len(strip) for strip in scores]
        into = [_into(*row) for row in rows]

        def to_box(first: int, end: int) -> Box:
            strip, columns = joint.place(first, end, steps)
            return backs[strip](into[strip](*columns))

        found = self._decoder.decode(
            joint.posteriors(scores, spaces(self._stage_labels), open_ended=self._may_go_on),
            to_box=to_box,
            binary=joint.binary([posteriors.binary for _, posteriors, _ in rows], steps),
        )
        return (found, {joint.place(*columns, steps)[0] for columns in found.columns}) if found else None


def calibrated_sure(found: Decoded) -> npt.NDArray[np.float32]:
    """How sure each character's shape is, no surer on average than the whole text says.

    A network that was taught text alone sees it in leaves too, and each letter of it clearly; that all of them are
    right it does not believe.

    Args:
        found: What a strip says.

    Returns:
        float32, one a character.
    """
    each = found.line.confidence ** (1 / len(found.line.characters))
    mean = float(np.exp(np.log(np.maximum(found.sure, 1e-6)).mean()))
    return np.asarray(found.sure * min(1.0, each / mean), np.float32)


def around(box: Box, size: tuple[int, int], others: Sequence[Box] = ()) -> Box:
    """A line's box with the margins of a strip.

    Args:
        box: Of its pieces.
        size: Height and width of the picture.
        others: Boxes of the other lines, which end a margin.
    """
    high, wide = round(box.height * PAD_HEIGHT), round(box.height * PAD_WIDTH)
    beside = [
        other
        for other in others
        if min(other.bottom, box.bottom) - max(other.top, box.top) > NEIGHBOUR * box.height
    ]
    left = max([0, box.left - wide, *(o.right for o in beside if o.right <= box.left)])
    right = min([size[1], box.right + wide, *(o.left for o in beside if o.left >= box.right)])
    top, bottom = max(0, box.top - high), min(size[0], box.bottom + high)
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def _is_of(line: Box, found: Decoded) -> bool:
    """Whether the line takes up enough of what was read, which is else another line's, seen in the margins."""
    first, last = found.line.characters[0].box, found.line.characters[-1].box
    left, right = first.left, last.right
    return min(right, line.right) - max(left, line.left) >= LEAST_OF_READ * (right - left)


def _into(box: Box, posteriors: Posteriors, line: Box) -> Callable[[int, int], Box]:
    """From columns of a strip to a box in the picture that the strip was cut from; ink above and below is not it."""
    height, width = posteriors.binary.shape[:2]
    down, across = box.height / height, box.width / width
    edge, highest, lowest = box.right, line.top, line.bottom

    def to_box(first: int, end: int) -> Box:
        inked = ink.box(first, end, posteriors.binary)
        left, top = int(box.left + inked.left * across), max(highest, int(box.top + inked.top * down))
        right = min(edge, round(box.left + (inked.left + inked.width) * across))
        bottom = min(lowest, round(box.top + (inked.top + inked.height) * down))
        return Box(left, top, max(1, right - left), max(1, bottom - top))

    return to_box
