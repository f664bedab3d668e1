"""Lines that were read, as a harvest sees them."""

import numpy as np

from ocr_edge.config.settings import Harvest
from ocr_edge.contract.types import Box
from ocr_edge.harvest.harvester import Take
from ocr_edge.harvest.wanted import Look, Wanted
from ocr_edge.pipeline import Asked
from ocr_edge.reading import Character, Line, Reading
from ocr_edge.recognize.places import SAID, Place, RatedLine
from ocr_edge.trace import Recording

from .sample_parts import ALPHABET, HIGH, WIDE, strip

FAST = Harvest(commit_s=0.01)


def line(text, sure, calibrated=None, doubt=None):
    boxes = [Box(WIDE * (place + 1), 10, WIDE - 2, 30) for place in range(len(text))]
    found = tuple(Character(c, sure, box, ((c, sure),)) for c, box in zip(text, boxes, strict=True))
    return Line(found, sure if calibrated is None else calibrated, doubt)


def looked(text, sure, *, verdict=SAID, why="", disagrees="", doubt=None):
    """A region of one line that the pipeline has read."""
    image, said = strip(text), line(text, sure, doubt=doubt)
    place = Place(Box(0, 0, image.shape[1], HIGH), image=image, reading=RatedLine(said, np.ones(len(text))))
    place.verdict = verdict
    notes = Recording()
    notes.add(Asked(image, ALPHABET, (), True, False))
    trace = notes.line()
    trace.add(place)
    return Look(image, Reading("camera", (said,) if verdict == SAID else (), 5.0), notes, why, disagrees)


def take(text, region="meter", noise=0, around=None):
    said = Wanted(strip(text, noise), "uncertain", "unsure", text, (), 0.5, ())
    return Take(said, region, 5.0, "default", around=around)
