"""Where the regions are in a frame: what the marks say, or the size of the picture."""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ocr_edge.alignment.align import Aligner, Alignment
from ocr_edge.config.settings import Picture
from ocr_edge.contract.types import Image
from ocr_edge.errors import CaptureError, ConfigError
from ocr_edge.geometry import transform
from ocr_edge.geometry.transform import Matrix
from ocr_edge.regions import quality
from ocr_edge.sources import pictures

FAILED = "error of the program, see the log"

_LOGGER = logging.getLogger(__name__)


class Placing:
    """Follows the camera from frame to frame.

    Args:
        picture: The picture that coordinates belong to, and its marks.

    Attributes:
        size: Its ``(height, width)``; None: the frames' own.
        pose: From coordinates of the configuration to pixels of the last frame; None when unknown.
        alignment: What was found of the marks in it; None without marks.
        problem: Why the pose is unknown, by part: ``picture`` or ``alignment``; empty when it is known.
        failed: Whether that is because our own code failed.

    Raises:
        ConfigError: A mark or the reference picture is wrong.
    """

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        reference = _reference(picture.reference) if picture.reference else None
        size = picture.size or (reference.shape[1::-1] if reference is not None else None)
        self.size = size[::-1] if size else None
        self._aligner: Aligner | None = None
        if reference is not None and picture.mark:
            if reference.shape[:2] != self.size:
                found = f"{reference.shape[1]}x{reference.shape[0]}"
                raise ConfigError(
                    f"picture.reference is {found}, but picture.size says otherwise; leave size out"
                )
            self._aligner = Aligner(reference, picture.mark, picture.search, picture.min_match)
        self.pose: Matrix | None = None
        self.alignment: Alignment | None = None
        self.problem: Mapping[str, str] = {}
        self.failed = False

    def find(self, image: Image) -> Matrix | None:
        """From coordinates of the configuration to pixels of a frame; None, with ``problem`` noted, when unknown."""
        self.problem, self.failed = {}, False
        self.pose = self._found(image)
        return self.pose

    def _found(self, image: Image) -> Matrix | None:
        try:
            if self._aligner is None:
                return transform.scaling(image.shape[:2], self.size or image.shape[:2])
            found = self._aligner.align(image)
        except CaptureError as error:
            self.problem = {"picture": str(error)}
            return None
        except Exception:
            _LOGGER.exception("error while looking for the marks")
            self.problem, self.failed = {"alignment": FAILED}, True
            return None
        self.alignment = found
        if found.lost:
            spoiled = quality.judge(image, self._picture).problem
            detail = f"the picture is {spoiled}" if spoiled else found.detail
            self.problem = {"alignment": f"lost, {detail}"}
            return None
        return found.matrix

    def expected(self, image: Image) -> Matrix:
        """The pose if nothing had moved, for a frame of any shape."""
        (height, width), (high, wide) = image.shape[:2], self.size or image.shape[:2]
        return np.diag([width / wide, height / high, 1.0])

    def scale(self, image: Image) -> float:
        """By what factor things are larger in a frame than in the coordinates of the configuration."""
        return image.shape[1] / self.size[1] if self.size else 1.0


def _reference(path: Path) -> Image:
    try:
        return pictures.load(path)
    except CaptureError as error:
        raise ConfigError(f"picture.reference: {error}") from error
