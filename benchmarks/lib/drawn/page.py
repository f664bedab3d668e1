"""A picture with known text, drawn alike everywhere: DejaVu Sans from Matplotlib's wheel, through Pillow."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

SIZE = (480, 640)
LINES = ("AB3DEFGH4K", "LM2NPQR57T", "abdefghr69")
"""30 characters; no two share a shape, so that no system loses to upper and lower case."""

Image = npt.NDArray[np.uint8]


class NoFontError(Exception):
    """Matplotlib's wheel or Pillow is not here."""


def picture(size: tuple[int, int] = SIZE) -> Image:
    """Dark text on unevenly lit paper with sensor noise.

    Args:
        size: Rows and columns.

    Returns:
        uint8, shape ``(*size, 3)``, RGB. Versions of FreeType may differ in a few grey levels; see
        ``fingerprint``.

    Raises:
        NoFontError: There is nothing to draw with.
    """
    ink = coverage(size)
    rows, columns = np.mgrid[: size[0], : size[1]]
    paper = 225.0 - 50.0 * (rows / size[0] + columns / size[1]) / 2
    shade = paper * (1 - ink) + 45.0 * ink
    noise = np.random.default_rng(7).normal(0.0, 3.0, (*size, 3))
    return np.asarray(np.clip(shade[..., None] + noise, 0, 255).round(), np.uint8)


def coverage(size: tuple[int, int] = SIZE) -> npt.NDArray[np.float64]:
    """How much of each pixel is ink, 0 to 1, shape ``size``."""
    try:
        from PIL import Image as Pictures
        from PIL import ImageDraw, ImageFont
    except ImportError as error:
        raise NoFontError(f"Pillow is not installed ({error})") from error
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise NoFontError("Matplotlib, whose wheel holds the font, is not installed")
    file = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    font = ImageFont.truetype(str(file), 56, layout_engine=ImageFont.Layout.BASIC)
    canvas = Pictures.new("L", (size[1], size[0]))
    for index, line in enumerate(LINES):
        ImageDraw.Draw(canvas).text((size[1] // 2, 110 + 130 * index), line, fill=255, font=font, anchor="mm")
    return np.asarray(canvas, np.float64) / 255


def strip(count: int, side: int = 28) -> Image:
    """A row of square crops with known pixels: strokes of various widths and directions.

    Args:
        count: How many crops.
        side: Rows and columns of each.

    Returns:
        uint8, shape ``(side, count * side, 3)``, RGB.
    """
    rng = np.random.default_rng(11)
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    crops = []
    for angle, width in zip(rng.uniform(0, np.pi, count), rng.uniform(1.5, 4.0, count), strict=True):
        distance = np.abs(rows * np.cos(angle) + columns * np.sin(angle))
        crops.append(np.where(distance < width, 40.0, 210.0) + rng.normal(0.0, 3.0, (side, side)))
    gray = np.clip(np.concatenate(crops, axis=1), 0, 255).round().astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


def fingerprint(image: Image) -> str:
    """The first 12 hexadecimal digits of the pixels' SHA-256."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()[:12]
