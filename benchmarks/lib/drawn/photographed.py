"""Ink as a camera would see it: coloured, lit, seen from aside, blurred, noisy, compressed."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lib.drawn.ink import Ink

Image = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]
Random = np.random.Generator

PAPERS: tuple[tuple[Colour, Colour], ...] = (
    ((240, 240, 236), (25, 25, 28)),
    ((222, 214, 196), (50, 38, 30)),
    ((200, 204, 208), (20, 40, 90)),
    ((250, 214, 60), (20, 20, 20)),
    ((176, 190, 160), (40, 50, 44)),
    ((28, 30, 34), (236, 236, 230)),
    ((20, 60, 120), (245, 245, 245)),
    ((150, 30, 34), (250, 240, 220)),
    ((20, 96, 62), (240, 244, 236)),
    ((120, 124, 126), (20, 20, 22)),
)
"""Colours of paper and ink that are printed, engraved and painted; each pair far apart in brightness."""
DISPLAYS: tuple[tuple[Colour, Colour], ...] = (
    ((168, 184, 150), (38, 46, 40)),
    ((186, 192, 180), (30, 34, 36)),
    ((24, 10, 12), (255, 70, 50)),
    ((10, 18, 14), (90, 255, 120)),
    ((14, 20, 46), (190, 225, 255)),
    ((26, 18, 6), (255, 180, 60)),
)
"""The same of displays: two of liquid crystal, four that shine."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a text is seen.

    Attributes:
        paper: Colour around the ink, RGB.
        ink: Colour of the ink, RGB.
        margin: Paper on each side, as a share of the ink's height.
        lean: How far the corners are out of place, at most, as a share of the picture's height.
        shade: How much darker the darkest side is, 0 to 1.
        shadow: How much darker the picture is beyond a soft edge across it, 0 to 1.
        blur: Standard deviation of the blur, in pixels.
        noise: Standard deviation of the sensor's noise, in grey levels.
        quality: JPEG quality, 1 to 100.
    """

    paper: Colour = PAPERS[0][0]
    ink: Colour = PAPERS[0][1]
    margin: float = 0.35
    lean: float = 0.0
    shade: float = 0.0
    shadow: float = 0.0
    blur: float = 0.5
    noise: float = 2.0
    quality: int = 90


def any_look(random: Random, display: bool) -> Look:
    """How a hand-held camera would see a text, chosen at random; a person still reads it."""
    colours = DISPLAYS if display else PAPERS
    paper, ink = colours[int(random.integers(len(colours)))]
    return Look(
        paper,
        ink,
        margin=float(random.uniform(0.2, 0.7)),
        lean=float(random.uniform(0, 0.3)),
        shade=float(random.uniform(0, 0.4)),
        shadow=float(random.choice([0, 0, random.uniform(0.1, 0.4)])),
        blur=float(random.uniform(0.4, 1.2)),
        noise=float(random.uniform(1, 7)),
        quality=int(random.integers(60, 93)),
    )


def photograph(ink: Ink, look: Look, random: Random) -> Image:
    """A picture of a text.

    Args:
        ink: The text, without a margin.
        look: How it is seen.
        random: Where chance comes from.

    Returns:
        uint8, shape ``(H, W, 3)``, RGB, before compression.
    """
    margin = max(2, round(look.margin * ink.shape[0]))
    ink = np.pad(ink, margin)
    height, width = ink.shape
    square = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    # Corners move outward only as far as the margin lets the ink stay in the picture.
    most = min(look.lean * height, 0.8 * margin)
    moved = (square + random.uniform(-most, most, (4, 2))).astype(np.float32)
    ink = cv2.warpPerspective(
        ink, cv2.getPerspectiveTransform(square, moved), (width, height), flags=cv2.INTER_AREA
    )
    share = ink[..., None]
    seen = (1 - share) * np.array(look.paper, np.float32) + share * np.array(look.ink, np.float32)
    seen *= _light((height, width), look, random)[..., None]
    if look.blur:
        seen = cv2.GaussianBlur(seen, (0, 0), look.blur)
    seen += random.normal(0, look.noise, seen.shape)
    return np.clip(seen.round(), 0, 255).astype(np.uint8)


def jpeg(image: Image, quality: int) -> bytes:
    """A picture as a JPEG file."""
    return cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def compressed(image: Image, quality: int) -> Image:
    """A picture after it was a JPEG."""
    data = np.frombuffer(jpeg(image, quality), np.uint8)
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def _light(size: tuple[int, int], look: Look, random: Random) -> npt.NDArray[np.float32]:
    """How bright each pixel is, at most 1: a slope from one side, and the soft edge of a shadow."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    x, y = columns / size[1], rows / size[0]
    angle = random.uniform(0, 2 * np.pi)
    slope = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    light = 1 - look.shade * (slope / 1.42 + 0.5)
    edge = (x - random.uniform(0.3, 0.7)) + (y - 0.5) * random.uniform(-0.4, 0.4)
    return (light * (1 - look.shadow / (1 + np.exp(-edge * 30)))).astype(np.float32)
