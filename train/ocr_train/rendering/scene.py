"""A picture of text: a face, a text, colours and a camera, all drawn from a seed and an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ocr_edge.contract.types import Box, Image
from ocr_train.rendering import camera, colours
from ocr_train.rendering.glyphs import Face
from ocr_train.rendering.kinds import WEIGHTS
from ocr_train.rendering.lines import Sheet, lay_out
from ocr_train.rendering.text import random_lines

CAP_RANGE = (10.0, 80.0)
"""Height of a capital in the finished picture, in pixels."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One character of a picture.

    Attributes:
        char: What it is; punctuation included.
        box: Its ink, in picture pixels; may reach beyond the border.
    """

    char: str
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One rendered picture.

    Attributes:
        picture: uint8, shape ``(H, W, 3)``, RGB.
        truths: Its characters.
        face: What they are set in.
        cap: Height of a capital in the picture, in pixels.
    """

    picture: Image
    truths: tuple[Truth, ...]
    face: Face
    cap: float


def render(faces: Sequence[Face], seed: int, index: int) -> Scene:
    """Draw picture number ``index``; a pure function of its arguments.

    Args:
        faces: A catalogue; see ``fonts.catalogue``.
        seed: Seed of the whole set.
        index: Number of the picture.

    Returns:
        The picture with its truth.
    """
    rng = np.random.default_rng([seed, index])
    face = choose_face(tuple(faces), rng)
    texts = random_lines(face.labels, rng)
    low, high = np.log(CAP_RANGE)
    # Between uniform and log-uniform: most text a camera sees is small.
    cap = float(np.exp(rng.uniform(low, high))) if rng.random() < 0.6 else float(rng.uniform(18, 60))
    sheet_cap = float(np.clip(2 * cap, 28, 80))
    sheet = lay_out(face, texts, sheet_cap, rng)
    view = camera.aim(sheet, cap, rng)
    picture = camera.expose(_paint(sheet, view, cap, rng), cap, rng)
    truths = tuple(Truth(p.char, _box(view.project(p.hull))) for p in sheet.placed)
    return Scene(picture, truths, face, cap)


def choose_face(faces: tuple[Face, ...], rng: np.random.Generator) -> Face:
    """A face: first its kind by ``WEIGHTS``, then a family, then one of the family's faces."""
    kinds, weights = _by_kind(faces)
    families = kinds[int(rng.choice(len(kinds), p=weights))]
    family = families[int(rng.integers(len(families)))]
    return family[int(rng.integers(len(family)))]


@lru_cache(maxsize=4)
def _by_kind(faces: tuple[Face, ...]) -> tuple[list[list[list[Face]]], np.ndarray]:
    grouped: dict[str, dict[str, list[Face]]] = {}
    for face in faces:
        grouped.setdefault(face.kind, {}).setdefault(face.family, []).append(face)
    names = [name for name in WEIGHTS if name in grouped]
    weights = np.array([WEIGHTS[name] for name in names])
    return [list(grouped[name].values()) for name in names], weights / weights.sum()


def _box(points: np.ndarray) -> Box:
    left, top = np.floor(points.min(axis=0) + 0.25)
    right, bottom = np.ceil(points.max(axis=0) - 0.25)
    return Box(int(left), int(top), max(1, int(right - left)), max(1, int(bottom - top)))


def _paint(sheet: Sheet, view: camera.View, cap: float, rng: np.random.Generator) -> colours.Float:
    """Ink on paper as seen from the camera: float32, shape ``(H, W, 3)``."""
    ink, ground = colours.pair(rng)
    picture = colours.paper(view.size, ground, cap, rng)
    outline, shadow, (rim, dark) = colours.relief(sheet.ink, sheet.cap, rng)
    if shadow is not None:
        picture = picture * (1 - dark * view.see(shadow)[..., None])
    if outline is not None:
        other = colours.pair(rng)[0]
        level = view.see(outline)[..., None] * rim
        picture = picture * (1 - level) + other * level
    if sheet.decor.any():
        level = view.see(sheet.decor)[..., None]
        line = ink if rng.random() < 0.7 else colours.pair(rng)[0]
        picture = picture * (1 - level) + line * level
    level = view.see(sheet.ink)
    if rng.random() < 0.12:
        # Worn, uneven ink.
        wear = 0.35 * np.abs(colours.smooth_field(view.size, 12, rng))
        level = np.asarray(level * np.clip(1 - wear, 0, 1), np.float32)
    filled = np.broadcast_to(ink, picture.shape)
    if rng.random() < 0.12:
        filled = filled + colours.smooth_field(view.size, 3, rng)[..., None] * 18
    if outline is None and shadow is None and rng.random() < 0.08:
        # Raised letters: one flank lit, the other in the dark.
        slope = (
            cv2.Sobel(level, cv2.CV_32F, 1, 1, ksize=3)
            if rng.random() < 0.3
            else cv2.Sobel(level, cv2.CV_32F, 0, 1)
        )
        picture = picture + slope[..., None] * float(rng.uniform(-40, 40))
    return np.asarray(picture * (1 - level[..., None]) + filled * level[..., None], np.float32)
