"""Between the reading loop and the harvest: hands over what was not read for sure in each frame."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from ocr_edge.config.settings import Harvest
from ocr_edge.daemon.region_reader import RegionReader
from ocr_edge.daemon.scene import Scene
from ocr_edge.geometry import transform
from ocr_edge.harvest.folder import NAME, Samples
from ocr_edge.harvest.harvester import Around, Harvester, Take
from ocr_edge.harvest.series import Series
from ocr_edge.harvest.wanted import Look, wanted
from ocr_edge.regions.plausibility import number_of
from ocr_edge.sources.base import Frame
from ocr_edge.system.health import Health

_LOGGER = logging.getLogger(__name__)


def harvest(settings: Harvest, state: Path, health: Health, stack: ExitStack) -> "Reaper":
    """Begin to keep samples in the state folder, until the stack is closed."""
    return Reaper(settings, stack.enter_context(Harvester(settings, Samples(state / NAME), health)))


class Reaper:
    """What the loop calls with each frame it has looked at.

    Args:
        settings: What is kept.
        harvester: Keeps it.
    """

    def __init__(self, settings: Harvest, harvester: Harvester) -> None:
        self._settings, self._harvester = settings, harvester
        self._series: dict[str, Series] = {}
        self._failed = False
        self.flush: Callable[[], object] = harvester.flush

    def __call__(self, frame: Frame, scene: Scene) -> None:
        """Hand over what is worth keeping of a frame; what goes wrong with that stops no reading."""
        for reader in scene.readers:
            look, reader.taken = reader.taken, None
            if look is None:
                continue
            try:
                odd = self._series.setdefault(reader.region.name, Series()).push(look)
                for each in (look, odd):
                    if each is not None:
                        self._take(each, reader, frame, scene)
            except Exception:
                level = (
                    logging.DEBUG if self._failed else logging.ERROR
                )  # once: there may be ten frames a second
                _LOGGER.log(level, "region %s: error in the harvest", reader.region.name, exc_info=True)
                self._failed = True

    def _take(self, look: Look, reader: RegionReader, frame: Frame, scene: Scene) -> None:
        lines = wanted(look, self._settings.below)
        around = _around(frame, scene) if lines and self._settings.surroundings else None
        manifest = scene.bundle.manifest
        for line in lines:
            take = Take(
                line,
                reader.region.name,
                look.reading.time or frame.captured_at,
                f"{manifest.name}, made {manifest.created}",
                _value(line.text, reader) if not look.verdict else None,
                around,
            )
            self._harvester.take(take)


def _value(text: str, reader: RegionReader) -> float | None:
    """The number that a text stands for in a region of numbers."""
    if reader.region.value is None:
        return None
    try:
        return number_of(text, reader.region.value).value
    except ValueError:
        return None


def _around(frame: Frame, scene: Scene) -> Around:
    corners = [reader.region.corners for reader in scene.readers]
    pose = scene.placing.pose
    quads = tuple(transform.apply(pose, quad) for quad in corners if quad) if pose is not None else ()
    return Around(frame.image, tuple(np.asarray(quad) for quad in quads), scene.is_masked)
