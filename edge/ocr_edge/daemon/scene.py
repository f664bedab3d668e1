"""All regions of the picture: aligned, cut out, read."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence

from ocr_edge.bundles.load import Bundle
from ocr_edge.bundles.selftest import prove
from ocr_edge.config import Config
from ocr_edge.contract.types import Image
from ocr_edge.daemon.placing import FAILED, Placing
from ocr_edge.daemon.region_answer import Answer
from ocr_edge.daemon.region_reader import RegionReader
from ocr_edge.daemon.region_setup import own_checks
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.geometry import rectify, transform
from ocr_edge.geometry.transform import Matrix
from ocr_edge.reading import Reading
from ocr_edge.regions import mask
from ocr_edge.regions.change import ChangeDetector
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters

SMALL_CHANGE = 0.5
"""How much more easily a change is seen in the camera's small picture, as a factor of ``min_change``."""
SMALL_JITTER = 0.15
"""Cells that things may seem to have moved by in it: more would hide a digit, which is few pixels there."""
FRAME_LIMIT_S = 6.0
"""Seconds after which the regions not yet looked at wait for the next frame: the watchdog waits for this one."""

_LOGGER = logging.getLogger(__name__)


class Scene:
    """What the camera is pointed at.

    Args:
        config: The checked configuration.
        bundle: The model.
        counters: Where what happens is counted.

    Attributes:
        readers: One for each region.
        placing: Where the regions are in the last frame.
        problems: What is wrong with the picture, by part: ``picture``, ``alignment``, ``region <name>``.
        failed: Whether our own code failed on the last frame.
        broken: What a network of the bundle failed with on the last frame; empty when none did.
        bundle: The model.

    Raises:
        ConfigError: A region, pattern, mark or the reference picture is wrong.
    """

    def __init__(self, config: Config, bundle: Bundle, counters: Counters) -> None:
        self._config, self._counters, self.bundle = config, counters, bundle
        self.placing = Placing(config.picture)
        for region in config.region:
            if region.corners and (why := rectify.problem(region.corners, self.placing.size)):
                raise ConfigError(f"region {region.name}: corners: {why}")
        checks = own_checks(config.check)
        self.readers = tuple(
            RegionReader(
                region,
                bundle,
                config.stabilize,
                config.picture,
                counters,
                checks,
                harvests=config.harvest is not None,
            )
            for region in config.region
        )
        self.problems: Mapping[str, str] = {}
        self.failed, self.broken = False, ""
        small = min(region.min_change for region in config.region) * SMALL_CHANGE
        self._small = ChangeDetector(small, jitter=SMALL_JITTER)

    def take_over(self, old: "Scene") -> None:
        """Go on with another scene's memory of the same regions; what has not changed goes on as it was."""
        alike = self.bundle is old.bundle and all(
            getattr(self._config, name) == getattr(old._config, name)
            for name in ("picture", "check", "stabilize")
        )
        kept = {reader.region: reader for reader in old.readers} if alike else {}
        self.readers = tuple(kept.get(reader.region, reader) for reader in self.readers)
        for reader in self.readers:
            if reader in kept.values():
                continue
            for before in old.readers:
                reader.take_over(before)

    def prove(self) -> None:
        """Run the bundle's self-test: if it passes, frames fail because of what they show.

        Raises:
            ModelError: The networks do not answer as they did.
        """
        prove(self.bundle)

    def look(self, frame: Frame) -> list[Reading]:
        """Look at a frame of a scene that goes on.

        Returns:
            What is to be said now: settled, new, or rejected with a reason.
        """
        now = time.time()  # not the frame's: a picture file may be years old
        active = [reader for reader in self.readers if reader.is_active(now)]
        for reader in self.readers:
            if reader not in active:
                reader.unseen()
        still = not self.placing.problem and all(reader.is_still(frame.monotonic) for reader in active)
        if still and frame.small is not None and not self._small.changed(frame.small):
            said = [reading for reader in active for reading in reader.rest(frame.monotonic)]
            self._note(active)
            return said
        self.failed, self.broken = False, ""
        matrix = self.place(frame.image)
        if matrix is None:
            return []
        said = []
        looked: set[str] = set()
        ends = time.monotonic() + FRAME_LIMIT_S
        for count, reader in enumerate(active, 1):
            # Both in one frame: what a display shows a moment later may be another page.
            said += [r for one in self._first(reader, active) for r in self._look(one, frame, matrix, looked)]
            if count < len(active) and time.monotonic() > ends:
                # The rest have their turn with the next frame, before those that had theirs.
                self.readers = (*active[count:], *(r for r in self.readers if r not in active[count:]))
                break
        else:
            if frame.small is not None:
                self._small.keep(frame.small)
        self._note(active)
        return said

    def _first(self, reader: RegionReader, active: Sequence[RegionReader]) -> list[RegionReader]:
        """A region, and before it the one that it waits for."""
        name = reader.condition.region if reader.condition else ""
        return [*(other for other in active if other.region.name == name), reader]

    def _look(self, reader: RegionReader, frame: Frame, matrix: Matrix, looked: set[str]) -> list[Reading]:
        """One region, once a frame; what goes wrong with it keeps no other one from being said."""
        if reader.region.name in looked:
            return []
        looked.add(reader.region.name)
        try:
            if reader.condition:
                shown = next(
                    (r.shown for r in self.readers if r.region.name == reader.condition.region), None
                )
                if not reader.condition.holds(shown):
                    return reader.wait(frame.monotonic)
            return reader.look(frame, self.cut(frame.image, reader, matrix))
        except ModelError as error:
            self.broken = str(error)
            return []
        except Exception:
            _LOGGER.exception("region %s: error while reading", reader.region.name)
            reader.problem, self.failed = FAILED, True
            return []

    def answer(self, frames: Iterable[Frame]) -> list[Reading]:
        """Read a thing of its own.

        Args:
            frames: Pictures of it; no more are asked for than are needed.

        Returns:
            One reading a region, also when it says nothing; empty when there was no frame.
        """
        self.failed, self.broken = False, ""
        answers = [Answer(reader) for reader in self.readers]
        frame = None
        for frame in frames:
            matrix = self.place(frame.image)
            if matrix is None:
                continue
            for answer in _due(answers):
                if not self._waits(answer, answers):
                    self._push(answer, frame, matrix)
                    if self.broken:
                        return self.silent(frame.source, frame.captured_at, "the bundle failed")
            if all(answer.done for answer in answers):
                break
        if frame is None:
            return []
        if self.failed or all(answer.latest or answer.waits for answer in answers):
            # What was wrong with one thing says nothing about the next; the answer itself has it in ``why``.
            self.problems = {}
            return [self._answered(answer, frame) for answer in answers]
        return self.silent(frame.source, frame.captured_at, self.unplaced)

    def _waits(self, answer: Answer, answers: Sequence[Answer]) -> bool:
        """Whether the condition of a region does not hold in a frame; it is noted."""
        condition = answer.reader.condition
        if condition is None:
            return False
        shown = next((a.shown for a in answers if a.reader.region.name == condition.region), None)
        if condition.holds(shown):
            return False
        answer.waits = answer.waits if answer.latest else condition.why
        return True

    def _push(self, answer: Answer, frame: Frame, matrix: Matrix) -> None:
        """Read one region of a thing; what goes wrong with it keeps no other one from being said."""
        try:
            answer.push(frame, self.cut(frame.image, answer.reader, matrix))
        except ModelError as error:
            self.broken = str(error)
        except Exception:
            _LOGGER.exception("%s, region %s: error while reading", frame.source, answer.reader.region.name)
            self.failed = answer.done = True

    def _answered(self, answer: Answer, frame: Frame) -> Reading:
        """What one region says of a thing."""
        name = answer.reader.region.name
        try:
            if answer.latest:
                return answer.reading(frame.monotonic)
        except Exception:
            _LOGGER.exception("%s, region %s: error while reading", frame.source, name)
            self.failed = True
        return Reading(frame.source, (), frame.captured_at, region=name, why=answer.waits or FAILED)

    def silent(self, source: str, at: float, why: str) -> list[Reading]:
        """A reading a region that says nothing, and why."""
        return [Reading(source, (), at, region=reader.region.name, why=why) for reader in self.readers]

    @property
    def unplaced(self) -> str:
        """Why it is not known where the regions are in the last frame, one line; empty when it is."""
        parts = (("alignment", "alignment "), ("picture", ""))
        return "; ".join(f"{said}{self.problems[part]}" for part, said in parts if part in self.problems)

    def place(self, image: Image) -> Matrix | None:
        """From coordinates of the configuration to pixels of a frame; None, with a problem noted, when unknown."""
        pose = self.placing.find(image)
        if pose is None:
            self.problems = self.placing.problem
            self.failed = self.failed or self.placing.failed
        return pose

    def cut(self, image: Image, reader: RegionReader, matrix: Matrix) -> rectify.Rectified:
        """A region's part of a frame, given what ``place`` says of the frame."""
        reader.fit(self.placing.scale(image))
        corners, (height, width) = reader.region.corners, image.shape[:2]
        if corners is None:
            everything = ((0, 0), (width, 0), (width, height), (0, height))
            return rectify.rectify(image, everything, reader.region.rotate)
        return rectify.rectify(image, transform.apply(matrix, corners), reader.region.rotate)

    @property
    def is_masked(self) -> bool:
        """Whether only the regions of a picture may be stored or shown."""
        return self._config.picture.blank_outside and all(r.corners for r in self._config.region)

    def shown(self, image: Image) -> Image:
        """The picture as it may be stored or shown: black outside of the regions if the owner wants that."""
        if not self.is_masked:
            return image
        corners = [region.corners for region in self._config.region]
        matrix = self.place(image)
        quads = [transform.apply(matrix, quad) for quad in corners if quad] if matrix is not None else []
        return mask.outside(image, quads)

    def _note(self, readers: Sequence[RegionReader]) -> None:
        self.problems = {f"region {r.region.name}": r.problem for r in readers if r.problem}


def _due(answers: Sequence[Answer]) -> list[Answer]:
    """The answers that need another frame, after those that they wait for."""
    left = [answer for answer in answers if not answer.done]
    named = {answer.reader.condition.region for answer in left if answer.reader.condition}
    needed = [answer for answer in answers if not answer.done or answer.reader.region.name in named]
    return sorted(needed, key=lambda answer: answer.reader.condition is not None)
