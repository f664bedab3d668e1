"""One region of pictures that have nothing to do with each other, read as the daemon reads it."""

import re
import time as clock
from dataclasses import replace

import msgspec

from ocr_edge.bundles.load import Bundle
from ocr_edge.config import Config
from ocr_edge.config.settings import Region, SourceSettings, Stabilize
from ocr_edge.contract.types import Image
from ocr_edge.daemon import region_setup
from ocr_edge.daemon.scene import Scene
from ocr_edge.errors import ConfigError
from ocr_edge.geometry import rectify
from ocr_edge.reading import Reading
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters
from ocr_edge.trace import OFF, Recording
from ocr_edge.trial.looking import unsaid


class Once:
    """Reads a region of pictures; does for ``ocr-edge read`` what ``ocr_edge.Reader`` does for whole pictures.

    Args:
        region: Its settings. Its limits hold: what the daemon would not say is not said.
        bundle: The model.
        traced: Whether each picture is read once more, by a pipeline that remembers how.

    Attributes:
        recording: What was done with the last picture; None where it is not ``traced``.

    Raises:
        ConfigError: The region or its pattern is wrong.
    """

    def __init__(self, region: Region, bundle: Bundle, *, traced: bool = False) -> None:
        if region.corners and (why := rectify.problem(region.corners, None)):
            raise ConfigError(f"corners: {why}")
        self._region, self._bundle = region, bundle
        # A file that is never opened: each picture is handed over.
        self._config = Config(
            source=SourceSettings(url="file:picture"), region=(region,), stabilize=Stabilize(frames=1)
        )
        self._scene()  # refuses what is wrong, and says now, and not with each picture, what would be overlooked
        pattern = region_setup.pattern(region, bundle, None)
        self.recording = Recording() if traced else None
        self._pipeline = region_setup.pipeline(region, bundle, pattern, trace=self.recording or OFF)

    def _scene(self) -> Scene:
        return Scene(self._config, self._bundle, Counters())

    def read(self, image: Image, *, source: str = "", time: float | None = None) -> Reading:
        """Read one picture.

        Args:
            image: uint8 RGB, shape ``(H, W, 3)``.
            source: What the reading calls it.
            time: Epoch seconds of the capture; None: now.

        Returns:
            What the daemon would answer; without lines, and with the reason in ``why``, when it would say nothing.

        Raises:
            ConfigError: The region's corners are none of this picture.
            ModelError: A network failed.
        """
        corners = self._region.corners
        if corners and (why := rectify.problem(corners, image.shape[:2])):
            raise ConfigError(f"{source}: corners: {why}")
        frame = Frame(image, clock.time() if time is None else time, clock.monotonic(), source)
        with unsaid():
            scene = self._scene()  # a fresh one: a number of another picture says nothing about this one's
            (reading,) = scene.answer([frame])
        if self.recording is not None:
            self._pipeline.read(scene.cut(image, scene.readers[0], scene.placing.expected(image)).image)
        return replace(reading, region="")


def region(**settings: object) -> Region:
    """A region of checked settings, given as the configuration's file has them; those that are None are left out.

    Raises:
        ConfigError: One of them is wrong.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    try:
        return msgspec.convert(given, Region)
    except msgspec.ValidationError as error:
        raise ConfigError(re.sub(r" - at `[^`]*`$", "", str(error)).replace("`", "'")) from error
