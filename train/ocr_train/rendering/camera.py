"""The camera: where it stands, its lens, its sensor, the light, and how the picture was stored."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image
from ocr_train.rendering.lines import Points, Sheet

Float = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """How the sheet falls on the sensor.

    Attributes:
        matrix: float64, shape ``(3, 3)``: sheet to picture pixels.
        size: Height and width of the picture.
        ratio: Sheet pixels per picture pixel.
    """

    matrix: npt.NDArray[np.float64]
    size: tuple[int, int]
    ratio: float

    def project(self, points: Points) -> npt.NDArray[np.float64]:
        """Sheet points (pixel corners), shape ``(N, 2)``, as picture points."""
        moved = np.column_stack([points, np.ones(len(points))]) @ self.matrix.T
        return np.asarray(moved[:, :2] / moved[:, 2:])

    def see(self, layer: Image) -> Float:
        """A layer of the sheet, uint8 ``(H, W)``, as seen: float32 of shape ``size``, 0..1."""
        if self.ratio > 1.2:
            layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), 0.38 * self.ratio), np.uint8)
        # cv2 counts from pixel centres, boxes from pixel corners.
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        matrix = np.linalg.inv(half) @ self.matrix @ half
        seen = cv2.warpPerspective(layer, matrix, self.size[::-1], flags=cv2.INTER_LINEAR)
        return np.asarray(seen, np.float32) / np.float32(255)


def aim(sheet: Sheet, cap: float, rng: np.random.Generator) -> View:
    """Place the camera.

    Args:
        sheet: What is looked at.
        cap: Wanted height of a capital in the picture, in pixels.
        rng: Source of angle, tilt and margins.

    Returns:
        The view: the text with margins between none and a capital's height, at times cutting into the text.
    """
    ratio = sheet.cap / cap
    height, width = sheet.ink.shape
    strong = rng.random() < 0.25
    angle = np.deg2rad(rng.normal(0, 7 if strong else 1.8))
    shear = rng.normal(0, 0.15 if strong else 0.05)
    aspect = np.exp(rng.normal(0, 0.12))
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = linear @ np.array([[aspect, shear], [0, 1]]) / ratio
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = -linear @ np.array([width / 2, height / 2])
    tilt = rng.normal(0, 0.12 if strong else 0.03, 2)
    # Far edges at most some 30 % smaller than near ones, whatever the sheet's length.
    extent = np.array([width, max(height, width / 3)]) / ratio
    matrix = np.array([[1, 0, 0], [0, 1, 0], [*(np.clip(tilt, -0.3, 0.3) / extent), 1]]) @ matrix
    text = (
        np.concatenate([p.hull for p in sheet.placed])
        if sheet.placed
        else np.array([[0, 0], [width, height]])
    )
    view = View(matrix, (1, 1), ratio)
    corners = view.project(np.asarray(text, np.float32))
    margins = rng.uniform(0.05, 0.35, 4) if rng.random() < 0.55 else rng.uniform(0.2, 1.0, 4)
    if rng.random() < 0.06:
        margins[int(rng.integers(4))] = -0.3
    left, top = corners.min(axis=0) - margins[:2] * cap
    right, bottom = corners.max(axis=0) + margins[2:] * cap
    shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]])
    size = max(8, int(np.ceil(bottom - top))), max(8, int(np.ceil(right - left)))
    return View(shift @ matrix, size, ratio)


def expose(picture: Float, cap: float, rng: np.random.Generator) -> Image:
    """Light, lens, sensor and file.

    Args:
        picture: float32, shape ``(H, W, 3)``, RGB 0..255.
        cap: Height of a capital in pixels.
        rng: Source of every choice.

    Returns:
        uint8, same shape.
    """
    picture = _light(picture, cap, rng)
    picture = _lens(picture, cap, rng)
    picture = _sensor(picture, cap, rng)
    image = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        quality = int(rng.integers(22, 60) if rng.random() < 0.3 else rng.integers(60, 96))
        coded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return np.ascontiguousarray(image)


def _light(picture: Float, cap: float, rng: np.random.Generator) -> Float:
    """Uneven light, the edge of a shadow, a reflection."""
    height, width = picture.shape[:2]
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    if rng.random() < 0.4:
        slope = rng.normal(0, 0.3, 2).astype(np.float32)
        picture = picture * np.clip(1 + slope[0] * x + slope[1] * y, 0.3, 1.6)[..., None]
    if rng.random() < 0.08:
        direction, softness = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.01, 0.15))
        side = np.cos(direction) * x + np.sin(direction) * y - float(rng.uniform(-0.3, 0.3))
        shade = 1 / (1 + np.exp(np.clip(-side / softness, -30, 30)))
        picture = picture * (1 - float(rng.uniform(0.2, 0.55)) * shade)[..., None].astype(np.float32)
    if rng.random() < 0.07:
        centre = rng.uniform(-0.5, 0.5, 2)
        spread = float(rng.uniform(0.5, 2.5)) * cap
        distance = ((x - centre[0]) * width) ** 2 + ((y - centre[1]) * height) ** 2
        glow = np.exp(-distance / (2 * spread**2)) * float(rng.uniform(30, 130))
        picture = picture + glow[..., None].astype(np.float32)
    if rng.random() < 0.5:
        picture = picture * float(rng.uniform(0.7, 1.1)) + rng.uniform(-10, 25, 3).astype(np.float32)
    return picture


def _lens(picture: Float, cap: float, rng: np.random.Generator) -> Float:
    """Focus, motion, and pictures enlarged from fewer pixels."""
    if rng.random() < 0.6:
        # In cap heights, and never less than what any lens does.
        sigma = 0.3 + cap * float(np.abs(rng.normal(0, 0.022)))
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), min(sigma, 0.075 * cap)), np.float32)
    if rng.random() < 0.09:
        length = max(2, round(cap * float(rng.uniform(0.04, 0.16))))
        size = (length, 1) if rng.random() < 0.6 else (1, length)
        picture = np.asarray(cv2.blur(picture, size), np.float32)
    if cap > 16 and rng.random() < 0.28:
        height, width = picture.shape[:2]
        scale = float(rng.uniform(9.5, 24)) / cap
        if scale < 0.9:
            small = cv2.resize(
                picture,
                (max(4, round(width * scale)), max(4, round(height * scale))),
                interpolation=cv2.INTER_AREA,
            )
            way = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)[
                int(rng.choice(3, p=[0.45, 0.45, 0.1]))
            ]
            picture = np.asarray(cv2.resize(small, (width, height), interpolation=way), np.float32)
    if rng.random() < 0.15:
        # Sharpening, as telephones do.
        soft = cv2.GaussianBlur(picture, (0, 0), max(0.6, 0.03 * cap))
        picture = picture + (picture - soft) * float(rng.uniform(0.4, 1.4))
    return np.asarray(picture, np.float32)


def _sensor(picture: Float, cap: float, rng: np.random.Generator) -> Float:
    """Noise of the sensor, coarser where the picture was enlarged."""
    if rng.random() < 0.55:
        strength = float(np.abs(rng.normal(0, 6)))
        grain = rng.standard_normal(picture.shape[:2], np.float32) * strength
        if rng.random() < 0.4:
            grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.7), np.float32) * 1.8
        if rng.random() < 0.4:
            colour = rng.standard_normal(picture.shape, np.float32) * (0.5 * strength)
            return np.asarray(picture + grain[..., None] + colour, np.float32)
        return np.asarray(picture + grain[..., None], np.float32)
    return picture
