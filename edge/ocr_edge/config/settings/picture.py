"""The picture that coordinates belong to: ``[picture]`` and its marks."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ocr_edge.config.settings.table import Pixels, Share, Size, Table


class Mark(Table, frozen=True):
    """``[[picture.mark]]``: a patch of the reference picture that is found again in every frame."""

    box: Annotated[
        tuple[Annotated[int, Meta(ge=0)], Annotated[int, Meta(ge=0)], Pixels, Pixels],
        Meta(description="left, top, width and height in square brackets", examples=[[20, 10, 60, 40]]),
    ]
    """Left, top, width and height in the reference picture."""


class Picture(Table, frozen=True):
    """``[picture]``: the picture that coordinates belong to, and what spoils it."""

    size: Size | None = None
    """Width and height that all coordinates of this file are given in; missing: the frames' own."""
    reference: Path | None = None
    """A picture taken when everything stood right; marks are cut from it, and its size is ``size``."""
    mark: tuple[Mark, ...] = ()
    """Two or more correct shift, turn and scale; one corrects a shift."""
    search: Share = 0.1
    """How far the picture may have shifted, as a share of its longer side."""
    min_match: Share = 0.7
    """Correlation below which a mark is not found."""
    min_brightness: Annotated[float, Meta(ge=0, le=255)] = 12.0
    """A region whose bright parts (95th percentile) are darker than this grey level is ``dark``."""
    max_overexposed: Share = 0.9
    """A region with more than this share of pixels at 250 or above, and no ink left, is ``over-exposed``."""
    max_glare: Share = 0.25
    """A region with more than this share in large burnt-out spots is ``glaring``, unless it is white anyway."""
    min_sharpness: Share = 0.2
    """A region less sharp than this, from 0 to 1, is ``blurred``: see ``ocr_edge.regions.quality``."""
    blank_outside: bool = False
    """Whether pixels outside the regions are blackened before a picture is stored or shown."""
