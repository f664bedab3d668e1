"""From a crop to the two pictures a network takes: a character's or a line's. Training, conversion and device run it.

When a pixel of its output changes, ``VERSION`` changes, and bundles made with another version are refused.
"""

import cv2
import numpy as np

from ocr_edge.contract.types import Glyph, Image, Polarity

VERSION = "1"
MIN_CONTRAST = 48.0
"""Grey levels between ink and paper under which a crop is no longer stretched to the full range: it would be noise."""

LINE_HEIGHT = 32
"""Rows of a strip, the line stage's input."""
STEP = 4
"""Columns of a strip for each time step of the line stage's output."""
MAX_ASPECT = 64
"""Widest strip for its height: a crop that is wider is squeezed. A printed line of 100 characters has about 50."""


def luminance(image: Image) -> Image:
    """Grey levels of an RGB image.

    Args:
        image: uint8, shape ``(H, W, 3)``.

    Returns:
        uint8, shape ``(H, W)``, Rec. 601 weights.
    """
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def scaled_size(size: tuple[int, int], canvas: tuple[int, int]) -> tuple[int, int]:
    """The largest ``(height, width)`` of the same shape that fits a canvas, each side at least one pixel."""
    scale = min(canvas[0] / size[0], canvas[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def resize(image: Image, size: tuple[int, int]) -> Image:
    """Scale to exactly ``(height, width)``: by area when shrinking, linearly when growing. Keeps ``(H, W, C)``."""
    shrinking = size[0] * size[1] < image.shape[0] * image.shape[1]
    scaled = cv2.resize(
        image, (size[1], size[0]), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    )
    return np.asarray(scaled, np.uint8).reshape(*size, image.shape[2])


def scaled_by(image: Image, scale: float, how: int = cv2.INTER_AREA) -> Image:
    """Scale by a factor, each side to one pixel at least: a hair of 1x100 pixels has no half of its width."""
    if min(image.shape[:2]) * scale > 0.5:
        return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=how), np.uint8)
    width, height = (max(1, round(side * scale)) for side in image.shape[1::-1])
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def centre(image: Image, canvas: tuple[int, int], pad: int | tuple[int, ...] | Image) -> Image:
    """Put an image in the middle of a canvas.

    Args:
        image: uint8, shape ``(h, w, C)``, not larger than the canvas.
        canvas: ``(height, width)`` in pixels.
        pad: Grey level, or one level per channel, of the part left empty.

    Returns:
        A new uint8 image of shape ``(height, width, C)``.
    """
    height, width, channels = image.shape
    top, left = (canvas[0] - height) // 2, (canvas[1] - width) // 2
    result = np.empty((*canvas, channels), np.uint8)
    result[:] = pad
    result[top : top + height, left : left + width] = image
    return result


def fit(image: Image, canvas: tuple[int, int], pad: int | tuple[int, ...]) -> Image:
    """Scale an image to fit a canvas, keeping its shape, and centre it.

    Args:
        image: uint8, shape ``(h, w, C)``, ``h`` and ``w`` at least 1.
        canvas: ``(height, width)`` in pixels.
        pad: Grey level, 0 to 255, of the part of the canvas left empty.

    Returns:
        A new uint8 image of shape ``(height, width, C)``.

    Raises:
        ValueError: ``image`` has no pixels or is not three-dimensional.
    """
    if image.ndim != 3 or 0 in image.shape:
        raise ValueError(
            f"image of shape {image.shape}: expected (height, width, channels) with pixels in it"
        )
    return centre(resize(image, scaled_size(image.shape[:2], canvas)), canvas, pad)


def otsu(gray: Image, polarity: Polarity) -> Image:
    """Split grey levels in two by Otsu's method (IEEE Trans. SMC 9(1), 1979) and mark the ink.

    Args:
        gray: uint8, shape ``(H, W)``.
        polarity: Which side of the split is ink.

    Returns:
        uint8, shape ``(H, W)``, ink 255 and paper 0.
    """
    kind = cv2.THRESH_BINARY_INV if polarity is Polarity.DARK else cv2.THRESH_BINARY
    return np.asarray(cv2.threshold(gray, 0, 255, kind | cv2.THRESH_OTSU)[1], np.uint8)


def guess_polarity(gray: Image) -> Polarity:
    """Guess whether a crop shows dark ink or light ink: paper is what its border is made of.

    The border votes with its pixels on either side of Otsu's split; where that is close, the rarer side of the
    whole crop is the ink.

    Args:
        gray: uint8, shape ``(H, W)``.

    Returns:
        The likelier polarity.
    """
    light = otsu(gray, Polarity.LIGHT) > 0
    border = np.concatenate([light[0], light[-1], light[1:-1, 0], light[1:-1, -1]])
    paper_is_light = 0.75 * float(border.mean()) + 0.25 * float(light.mean())
    return Polarity.DARK if paper_is_light >= 0.5 else Polarity.LIGHT


def stretch(image: Image) -> Image:
    """Spread an RGB image over the whole range of grey levels, all channels alike, so that hue stays.

    Args:
        image: uint8, shape ``(H, W, 3)``.

    Returns:
        uint8, same shape; its darkest luminance is about 0 and its brightest about 255.
    """
    gray = luminance(image)
    low, high = float(gray.min()), float(gray.max())
    gain = 255.0 / max(high - low, MIN_CONTRAST)
    middle = (low + high) / 2
    table = np.clip((np.arange(256) - middle) * gain + 127.5, 0, 255).round().astype(np.uint8)
    return np.asarray(cv2.LUT(image, table), np.uint8)


def preprocess(glyph: Glyph, canvas: tuple[int, int] = (28, 28)) -> tuple[Image, Image]:
    """Make the two inputs of the network from one glyph.

    Args:
        glyph: The crop, with its binary form and polarity where they are known.
        canvas: ``(height, width)`` of the network's inputs.

    Returns:
        ``rgb``: uint8, shape ``(height, width, 3)``, contrast stretched, padded with the colour of its border;
        ``binary``: uint8, shape ``(height, width, 1)``, only 0 and 255, ink 255.

    Raises:
        ValueError: The crop has no pixels or a wrong shape.
    """
    image = glyph.rgb
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"glyph of shape {image.shape}: expected (height, width, 3) with pixels in it")
    size = scaled_size(image.shape[:2], canvas)
    rgb = stretch(resize(image, size))
    if glyph.binary is None:
        gray = luminance(rgb)
        ink = otsu(gray, glyph.polarity or guess_polarity(gray))
    else:
        # Otsu again after scaling: a fixed level would lose strokes thinner than half a target pixel.
        ink = otsu(resize(glyph.binary, size)[..., 0], Polarity.LIGHT)
    return centre(rgb, canvas, paper_colour(rgb)), centre(ink[..., None], canvas, 0)


def paper_colour(rgb: Image) -> Image:
    """The median colour of an image's border, channel by channel: uint8, shape ``(3,)``."""
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    return np.asarray(np.sort(border, axis=0)[len(border) // 2], np.uint8)


def strip(image: Image, polarity: Polarity | None = None) -> tuple[Image, Image]:
    """Make a line's strip from its crop: the inputs of the line stage, not yet filled to an accepted width.

    Args:
        image: uint8 RGB, shape ``(H, W, 3)``: one line of text and little else.
        polarity: Ink against paper where it is known; None where it must be guessed.

    Returns:
        ``rgb``: uint8, shape ``(32, w, 3)``, the crop with its aspect kept and its contrast stretched;
        ``binary``: uint8, shape ``(32, w, 1)``, only 0 and 255, ink 255. ``w`` is at least 4.

    Raises:
        ValueError: The crop has no pixels or a wrong shape.
    """
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"line of shape {image.shape}: expected (height, width, 3) with pixels in it")
    width = round(image.shape[1] * LINE_HEIGHT / image.shape[0])
    width = min(max(width, STEP), MAX_ASPECT * LINE_HEIGHT)
    rgb = stretch(resize(image, (LINE_HEIGHT, width)))
    gray = luminance(rgb)
    return rgb, otsu(gray, polarity or guess_polarity(gray))[..., None]


def fill(rgb: Image, binary: Image, width: int) -> tuple[Image, Image]:
    """Fill a strip on its right to an accepted width: with the colour of its paper, and without ink.

    Args:
        rgb: uint8, shape ``(32, w, 3)``, ``w`` at most ``width``.
        binary: uint8, shape ``(32, w, 1)``.
        width: Columns of the result.

    Returns:
        uint8, shapes ``(32, width, 3)`` and ``(32, width, 1)``.
    """
    own = rgb.shape[1]
    filled = np.empty((LINE_HEIGHT, width, 3), np.uint8)
    filled[:, :own], filled[:, own:] = rgb, paper_colour(rgb)
    ink = np.zeros((LINE_HEIGHT, width, 1), np.uint8)
    ink[:, :own] = binary
    return filled, ink
