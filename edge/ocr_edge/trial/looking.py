"""What the daemon would say of one picture, region by region: found out with the daemon's own code."""

import datetime as dt
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from ocr_edge.bundles.load import Bundle
from ocr_edge.config import Config, schedule
from ocr_edge.config.settings import Region
from ocr_edge.daemon import region_reader, region_setup
from ocr_edge.daemon.region_reader import RegionReader
from ocr_edge.daemon.scene import Scene
from ocr_edge.decode.pattern import Pattern
from ocr_edge.geometry import transform
from ocr_edge.geometry.rectify import Rectified
from ocr_edge.geometry.transform import Points
from ocr_edge.reading import Reading
from ocr_edge.regions.stabilize import PATIENCE
from ocr_edge.sources.base import Frame
from ocr_edge.sources.opening import is_separate
from ocr_edge.system.counters import Counters

UNTRIED = "it was not read"


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What one region would say.

    Attributes:
        region: Its settings.
        outline: Its corners in pixels of the picture, shape ``(4, 2)``; None where it is the whole picture.
        reading: What would be said; without lines, and with ``why``, where nothing would.
        seen: What can be read there without its pattern and however unsure, where nothing would be said; else None.
        asleep: Whether its schedule would leave it out at this time of day.
    """

    region: Region
    outline: Points | None
    reading: Reading
    seen: Reading | None = None
    asleep: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What the daemon would make of a picture.

    Attributes:
        trials: One for each region, in the order of the configuration.
        marks: The corners of each mark in pixels of the picture: where it was found, or else where it was expected.
        problem: Why the regions are not where they were configured; empty when their place is known.
    """

    trials: tuple[Trial, ...]
    marks: tuple[Points, ...]
    problem: str


def look(config: Config, bundle: Bundle, frame: Frame) -> Looked:
    """Look at a picture as the daemon would if it stayed as it is.

    Args:
        config: The checked configuration; schedules are noted, and not followed.
        bundle: The model.
        frame: The picture, turned as ``source.rotate`` says.

    Raises:
        ConfigError: A region, pattern, mark or the reference picture is wrong.
        ModelError: A network failed.
    """
    with unsaid():
        return _look(config, bundle, frame)


def _look(config: Config, bundle: Bundle, frame: Frame) -> Looked:
    regions = tuple(msgspec.structs.replace(region, schedule=()) for region in config.region)
    scene = Scene(msgspec.structs.replace(config, region=regions), bundle, Counters())
    readers = {reader.region.name: reader for reader in scene.readers}
    said = _answered(scene, frame) if is_separate(config.source) else _settled(scene, config, frame)
    problem = scene.unplaced
    matrix = scene.place(frame.image)
    problem = problem or scene.unplaced
    if matrix is None or problem:
        # Where things were expected: seen beside what is there, they show what has moved.
        matrix = scene.placing.expected(frame.image)
    now, trials = dt.datetime.now().time(), []
    for region in config.region:
        reading, seen = said[region.name], None
        if not (reading.lines or reading.raw or problem):
            seen = _seen(readers[region.name], bundle, scene.cut(frame.image, readers[region.name], matrix))
        outline = transform.apply(matrix, region.corners) if region.corners else None
        trials.append(Trial(region, outline, reading, seen, not schedule.active(region.schedule, now)))
    marks = tuple(transform.apply(matrix, _corners(mark.box)) for mark in config.picture.mark)
    return Looked(tuple(trials), marks, problem)


@contextmanager
def unsaid() -> Iterator[None]:
    """A block in which regions warn of nothing: what they would say of their settings, the check of them has said."""
    logger = logging.getLogger(region_reader.__name__)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _answered(scene: Scene, frame: Frame) -> dict[str, Reading]:
    """The daemon's answers to a picture that is a thing of its own, by region."""
    return {reading.region: reading for reading in scene.answer([frame])}


def _settled(scene: Scene, config: Config, frame: Frame) -> dict[str, Reading]:
    """What a scene says of a frame that is shown to it until it is settled or will never be, by region."""
    said: dict[str, Reading] = {}
    readers = scene.readers
    # Twice the looks that a text gets, for regions that had to wait for the next frame.
    for turn in range(2 * PATIENCE * config.stabilize.frames):
        at = frame.monotonic + turn * config.source.interval_s
        said |= {r.region: r for r in scene.look(replace(frame, monotonic=at))}
        if scene.unplaced:
            break
        if all(reader.is_still(at) or _is_spoiled(reader) for reader in readers):
            break
    for reader in readers:
        why = scene.unplaced or reader.silence.why or reader.problem or UNTRIED
        silent = Reading(frame.source, (), frame.captured_at, region=reader.region.name, why=why)
        said.setdefault(reader.region.name, silent)
    return said


def _is_spoiled(reader: RegionReader) -> bool:
    """Whether its part of the picture cannot be read: another look would see the same."""
    return bool(reader.problem) and not reader.silence.why


def _seen(reader: RegionReader, bundle: Bundle, cut: Rectified) -> Reading:
    """What is read in a region when nothing is demanded of it; of a counter, only that it has so many wheels."""
    free, wheels = msgspec.structs.replace(reader.region, check="", min_confidence=0.0), None
    if free.value and free.value.rolling and (pattern := region_setup.pattern(free, bundle, None)):
        wheels = Pattern.parse(rf"\d{{{pattern.shortest}}}", bundle.manifest.texts)
    free = msgspec.structs.replace(free, pattern="")
    return region_setup.pipeline(free, bundle, wheels).read(cut.image, time=time.time())


def _corners(box: tuple[int, int, int, int]) -> Points:
    left, top, width, height = box
    points = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
    return np.array(points, np.float64)
