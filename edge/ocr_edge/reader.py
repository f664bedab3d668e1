"""Read pictures from Python: ``from ocr_edge import Reader``. The command is made of the same object."""

import os
import time as clock
from pathlib import Path
from typing import get_args

import cv2
import numpy as np

from ocr_edge import MAX_PIXELS
from ocr_edge.bundles.load import load
from ocr_edge.contract.types import Image
from ocr_edge.decode.pattern import MIN_MARGIN, Pattern
from ocr_edge.errors import CaptureError, ConfigError
from ocr_edge.pipeline import Pipeline, Readers
from ocr_edge.reading import Reading
from ocr_edge.rows import Rows, RowsReader
from ocr_edge.sources import pictures
from ocr_edge.trace import OFF, Recording

MAX_ROWS = 4
"""Most rows of one text: of more, which is meant by "one text" is rather a page."""
LIMIT_S = 30.0
"""Seconds that one picture may take: a texture can look like thousands of lines."""


class Reader:
    r"""Reads pictures with a bundle.

    ::

        from ocr_edge import Reader

        reader = Reader(pattern=r"[A-Z]{3}\d{4}")
        print(reader.read("plate.jpg").text)

    Loading takes longer than reading: keep the object. It is for one thread at a time.

    Args:
        bundle: The bundle's folder, or the name of one that ships; None for the shipped default.
        pattern: What a line must look like, a regular expression (docs/patterns.md); None for anything.
        check: Name of the check digit that texts of the pattern have, such as ``luhn``; empty for none.
        reader: Who reads: ``line`` and ``characters``, the bundle's stages of that kind; ``auto``, the first of both
            that the bundle has and that can say what the pattern needs.
        rows: How many rows a text goes over, or ``any``: they are read and matched as one; None: each line is a text.
        min_confidence: Lines whose characters are less sure than this on average, 0 to 1, are not said.
        min_margin: Nats by which the pattern may overrule the picture.
        threads: CPU threads of the interpreter and, in the whole process, of OpenCV.
        traced: Whether to remember how a reading came about; for ``ocr-edge read --explain``.

    Attributes:
        pipeline: What reads.
        recording: What was done with the last picture; None where it is not ``traced``.

    Raises:
        ConfigError: One of these is wrong.
        ModelError: The bundle is wrong, or lacks the only reader that is wanted.
    """

    def __init__(
        self,
        bundle: str | os.PathLike[str] | None = None,
        *,
        pattern: str | None = None,
        check: str = "",
        reader: Readers = "auto",
        rows: Rows | None = None,
        min_confidence: float = 0.5,
        min_margin: float = MIN_MARGIN,
        threads: int = 1,
        traced: bool = False,
    ) -> None:
        if reader not in get_args(Readers):
            raise ConfigError(f"reader {reader!r}: expected {', '.join(get_args(Readers))}")
        if not 0 <= min_confidence <= 1:
            raise ConfigError(f"min_confidence {min_confidence}: expected 0 to 1")
        if rows is not None and rows != "any" and not (isinstance(rows, int) and 2 <= rows <= MAX_ROWS):
            raise ConfigError(f"rows {rows!r}: expected 2 to {MAX_ROWS}, or 'any'")
        if threads < 1:
            raise ConfigError(f"threads {threads}: expected at least 1")
        if check and pattern is None:
            # One in ten random numbers has a right check digit: alone it would make wrong texts look right.
            raise ConfigError(f"check {check!r} needs a pattern too, such as '\\d{{16}}'")
        cv2.setNumThreads(threads)
        loaded = load(None if bundle is None else Path(bundle), threads)
        parsed = None if pattern is None else Pattern.parse(pattern, loaded.manifest.texts, check)
        self.recording = Recording() if traced else None
        if rows is not None:
            self.pipeline: Pipeline | RowsReader = RowsReader(
                loaded,
                parsed,
                rows,
                min_confidence,
                min_margin=min_margin,
                limit_s=LIMIT_S,
                reader=reader,
                trace=self.recording or OFF,
            )
            return
        self.pipeline = Pipeline(
            loaded,
            parsed,
            min_confidence,
            min_margin=min_margin,
            limit_s=LIMIT_S,
            reader=reader,
            trace=self.recording or OFF,
        )

    def read(
        self, image: Image | str | os.PathLike[str], *, source: str | None = None, time: float | None = None
    ) -> Reading:
        """Read one picture.

        Args:
            image: uint8, shape ``(H, W, 3)``, channel order RGB, or grey, ``(H, W)``; or the path of a picture file,
                read as the command reads it: upright, without transparency.
            source: What the reading calls it; None: the path, or nothing.
            time: Epoch seconds of the capture; None: when the file was changed last, or now.

        Returns:
            Lines in reading order; none, with the reason in ``why``, when nothing can be said.

        Raises:
            CaptureError: The file cannot be read, or this is no picture.
            ModelError: A network failed.
        """
        if isinstance(image, str | os.PathLike):
            path = Path(image)
            pixels = pictures.load(path)
            source = str(path) if source is None else source
            time = path.stat().st_mtime if time is None else time
        else:
            pixels = _rgb(image)
        return self.pipeline.read(pixels, source=source or "", time=clock.time() if time is None else time)


def _rgb(image: Image) -> Image:
    """An array as the pipeline takes it: uint8 RGB, shape ``(H, W, 3)``, contiguous."""
    found = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise CaptureError(f"image: {found}, expected uint8 (H, W, 3) in RGB, uint8 (H, W) or a path")
    if image.size == 0:
        raise CaptureError(f"image: {found}, has no pixels")
    if image.shape[0] * image.shape[1] > MAX_PIXELS:
        raise CaptureError(f"image: {found}, at most {MAX_PIXELS / 1e6:.0f} million pixels are read")
    if image.ndim == 2:
        return np.repeat(image[:, :, None], 3, axis=2)
    if image.shape[2] != 3:
        raise CaptureError(f"image: {found}, expected three channels in the order RGB")
    return np.ascontiguousarray(image)
