"""Picture in, reading out: find lines, read them, choose. Pure: no file, no camera.

The detector finds lines, the line stage reads them. A bundle without one of the two reads by the ink.
"""

import math
import time as clock
from dataclasses import dataclass
from typing import Literal

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.types import Image
from ocr_edge.decode.doubt import Meaning
from ocr_edge.decode.pattern import MIN_MARGIN, Pattern
from ocr_edge.detect.detector import Detector
from ocr_edge.detect.scene_reader import SceneReader
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.reading import Reading
from ocr_edge.recognize.characters import Recognizer
from ocr_edge.recognize.ink_reader import InkReader
from ocr_edge.recognize.line_reader import LineReader
from ocr_edge.recognize.places import SAID, Place, in_order
from ocr_edge.recognize.saying import Sayer
from ocr_edge.recognize.strips import StripReader
from ocr_edge.segment import Segmenter
from ocr_edge.segment.decoder import Decoder
from ocr_edge.segment.segmenter import is_crop
from ocr_edge.timing import Stopwatch
from ocr_edge.trace import OFF, Trace

Readers = Literal["auto", "line", "characters"]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What was to be done with a picture: a note for a trace.

    Attributes:
        picture: The picture.
        line_labels: What the line stage can say, the blank not among it; none where it does not read.
        labels: What the character stages can say; none where they do not read.
        has_detector: Whether a network finds the lines of a scene.
        has_pattern: Whether every line must match a pattern.
    """

    picture: Image
    line_labels: tuple[str, ...]
    labels: tuple[str, ...]
    has_detector: bool
    has_pattern: bool


class Pipeline:
    """Reads pictures with a bundle.

    Args:
        bundle: A loaded bundle.
        pattern: What every line must match; None for anything.
        min_confidence: Lines whose characters are less sure than this on average, 0 to 1, are not said.
        min_margin: Nats by which the pattern may overrule the picture.
        context: Whether neighbours in a word make each other likelier: words look like words, codes like codes.
        geometry: Whether a character's size and place in its line say something about its name.
        segmenter: Finds the lines; what is known of the text's height and polarity is known to it.
        limit_s: Seconds after which the less promising lines of a picture are left out: a texture can look like
            thousands of characters.
        reader: Who reads: ``line``, ``characters``, or ``auto``: the first where the bundle has it and it can say what
            the pattern needs, else the second.
        meaning: What texts stand for, where lines are numbers: each then says what speaks against its value.
        upright: Whether no picture is upside down, as those of a region, whose corners say which way up it is.
        trace: Is told what is done with a picture.

    Raises:
        ModelError: The bundle lacks the only reader that is wanted.
        ConfigError: The pattern needs a character that no reader can say.
    """

    def __init__(
        self,
        bundle: Bundle,
        pattern: Pattern | None = None,
        min_confidence: float = 0.5,
        *,
        min_margin: float = MIN_MARGIN,
        context: bool = True,
        geometry: bool = True,
        segmenter: Segmenter | None = None,
        limit_s: float = math.inf,
        reader: Readers = "auto",
        meaning: Meaning | None = None,
        upright: bool = False,
        trace: Trace = OFF,
    ) -> None:
        self._trace = trace
        if reader != "auto" and not (bundle.lines if reader == "line" else bundle.networks):
            raise ModelError(
                f"bundle {bundle.path}: has no stage for --reader {reader}; leave --reader out, or take a bundle that"
                " has one: default"
            )
        self._lines, self._recognizer, decoder, problem = None, None, None, None
        if bundle.lines and reader != "characters":
            try:
                self._lines = LineReader(bundle, pattern, min_margin, meaning, context=context)
            except ConfigError as error:
                problem = error
        if bundle.networks and reader != "line" and self._lines is None:
            recognizer = Recognizer(bundle)
            try:
                over = pattern.over(recognizer.labels) if pattern else None
                decoder = Decoder(
                    recognizer.labels,
                    over,
                    min_margin=min_margin,
                    context=context,
                    geometry=geometry,
                    meaning=meaning,
                )
                self._recognizer = recognizer
            except ConfigError as error:
                problem = error
        if self._lines is None and self._recognizer is None:
            assert problem is not None
            raise problem
        self.segmenter = segmenter or Segmenter()
        has_pattern = pattern is not None
        strips = StripReader(self._lines, self.segmenter.polarity)
        self._ink = InkReader(
            self.segmenter, strips, self._recognizer, decoder, has_pattern=has_pattern, trace=trace
        )
        self._scenes = None
        if bundle.detectors and self._lines:
            height = self.segmenter.text_height
            self._scenes = SceneReader(
                Detector(bundle), strips, height, has_pattern=has_pattern, upright=upright, trace=trace
            )
        self._sayer = Sayer(decoder, has_pattern=has_pattern)
        self._limit_s = limit_s
        self._has_pattern = has_pattern
        self._min_confidence = min_confidence

    @property
    def labels(self) -> tuple[str, ...]:
        """The texts that the stage which reads can say."""
        if self._lines:
            return self._lines.labels
        assert self._recognizer is not None
        return self._recognizer.labels

    def read(self, image: Image, *, source: str = "", time: float = 0.0) -> Reading:
        """Read one picture.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            source: Name of the file or camera.
            time: Epoch seconds of the capture.

        Returns:
            Lines in reading order; none, with the reason in ``why``, when nothing can be said.
        """
        watch = Stopwatch()
        self._trace.start()
        self._trace.add(self.asked(image))
        places = self.find(image, watch)
        with watch.step("decode"):
            worth = self._sayer.said(places, image.shape[:2])
            sure = []
            for place, line in worth:
                if line.character_confidence >= self._min_confidence:
                    sure.append(line)
                    place.decide(SAID)
                else:
                    mean, least = line.character_confidence, self._min_confidence
                    place.decide(f"below min_confidence: {mean:.2f}, needed {least:.2f}")
            sure = in_order(sure, places)
        why = ""
        if not sure:
            why = (
                "below min_confidence" if worth else "pattern" if self._has_pattern and places else "no text"
            )
        return Reading(source, tuple(sure), time, why=why, timing_ms=watch.stopped())

    def asked(self, image: Image) -> Asked:
        """What the pipeline is to do with a picture."""
        return Asked(
            image,
            self._lines.labels if self._lines else (),
            self._recognizer.labels if self._recognizer else (),
            self._scenes is not None,
            self._has_pattern,
        )

    def find(self, image: Image, watch: Stopwatch) -> list[Place]:
        """Read every place of a picture.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            watch: Counts the time of the steps.
        """
        ends = clock.perf_counter() + self._limit_s
        if self._scenes:
            return self._scenes.read(image, watch, ends)
        if is_crop(image.shape[:2]):
            return self._ink.read_crop(image, watch, ends)
        return self._ink.read_scene(image, watch, ends)
