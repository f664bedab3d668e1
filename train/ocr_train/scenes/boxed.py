"""``scenes:``: photographs with an outline about each text, in a tar archive or a folder, as ``words:`` has them.

``boxes`` of a row are ``[outline, text]``; an outline is four corners, clockwise from the top left of the text, or
``left, top, width, height``. A text of ``###`` marks what nobody can read: it is neither asked for nor denied.
"""

import random
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_train.datasets.base import Skipped, Spec
from ocr_train.datasets.rows import field, rows_of
from ocr_train.scenes.compose import LEAST_HEIGHT, Scene
from ocr_train.scenes.sheet import Quads, box, heights

UNREADABLE = "###"
"""The text of what nobody can read, as ICDAR writes it."""
NONE = np.zeros((0, 4, 2), np.float32)


@dataclass(frozen=True, slots=True)
class SceneSet:
    """Named photographs with outlines.

    Attributes:
        name: Short name for tables.
        scenes: In a fixed order.
        splits: The split of each.
    """

    name: str
    scenes: list[Scene]
    splits: list[str]

    def of(self, split: str) -> "SceneSet":
        """Its scenes of one split."""
        kept = [scene for scene, own in zip(self.scenes, self.splits, strict=True) if own == split]
        return SceneSet(self.name, kept, [split] * len(kept))


def load(text: str) -> SceneSet:
    """Load the scenes that a spec names.

    Args:
        text: ``scenes:PATH[#split]``.

    Raises:
        ConfigError: The spec is malformed, or its file or folder is missing, unreadable or without an outline.
    """
    spec = Spec.parse(text)
    if spec.kind != "scenes":
        raise ConfigError(f"data {text!r}: expected scenes:PATH for a detector, found the kind {spec.kind!r}")
    if not spec.path.exists():
        raise ConfigError(f"data {text!r}: {spec.path} does not exist")
    scenes: list[Scene] = []
    splits: list[str] = []
    skipped = Skipped(spec.path)
    for row, data in rows_of(spec.path):
        split = field(row, "split") or "train"
        if spec.split and split != spec.split:
            continue
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if image is None:
            skipped.add("not a picture", field(row, "file"))
        elif not row.get("boxes"):
            skipped.add("no boxes", field(row, "file"))
        else:
            quads, ignored = outlines(row["boxes"], f"{spec.path}: {field(row, 'file')}")
            scenes.append(Scene(np.ascontiguousarray(image[..., ::-1], np.uint8), quads, ignored))
            splits.append(split)
    skipped.report()
    if not scenes:
        raise ConfigError(f"data {text!r}: no picture with boxes is left")
    return SceneSet(spec.name, scenes, splits)


def outlines(boxes: list[Any], where: str) -> tuple[Quads, Quads]:
    """The outlines of a row: of what can be read, and of what cannot.

    Raises:
        ConfigError: A box is none of the known forms.
    """
    found: tuple[list[Quads], list[Quads]] = ([], [])
    for entry in boxes:
        try:
            outline, text = entry
            corners = np.array(outline, np.float32)
        except (TypeError, ValueError):
            corners, text = np.zeros(0, np.float32), ""
        if corners.shape == (4,):
            left, top, width, height = (float(value) for value in corners)
            corners = box(left, top, left + width, top + height)
        if corners.size != 8:
            raise ConfigError(
                f"{where}: expected a box of four corners or left, top, width, height, found {entry}"
            )
        found[str(text).strip() == UNREADABLE].append(corners.reshape(4, 2))
    quads, ignored = (np.array(group, np.float32).reshape(-1, 4, 2) for group in found)
    return quads, ignored


def seen(rng: random.Random, scene: Scene, side: int) -> Scene:
    """A piece of a photograph, nearer or farther, turned a little: a scene of ``side`` by ``side`` pixels.

    Args:
        rng: Source of every choice.
        scene: The photograph.
        side: Height and width of the piece.
    """
    image, all_heights = scene.image, heights(scene.quads) if len(scene.quads) else np.zeros(0)
    centre = np.array([rng.uniform(0, image.shape[1]), rng.uniform(0, image.shape[0])], np.float32)
    scale = float(np.exp(rng.uniform(np.log(0.5), np.log(1.6))))
    if len(scene.quads) and rng.random() < 0.9:
        number = rng.randrange(len(scene.quads))
        centre = scene.quads[number].mean(axis=0)
        wanted = float(np.exp(rng.uniform(np.log(8), np.log(64))))
        scale = float(np.clip(wanted / max(all_heights[number], 1.0), 0.3, 2.5))
    # Never much smaller than the piece: the rest would be its stretched edge.
    scale = max(
        scale, 0.75 * side / min(image.shape[:2]) if min(image.shape[:2]) * scale < 0.5 * side else scale
    )
    if scale < 0.7:  # by area first: a warp would skip pixels
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        image, centre = (
            np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8),
            centre * scale,
        )
        before, scale = scale, 1.0
    else:
        before = 1.0
    roll = rng.random()
    angle = (
        0.0
        if roll < 0.4
        else rng.gauss(0, 0.08)
        if roll < 0.92
        else rng.choice((np.pi / 2, -np.pi / 2, rng.gauss(0, 0.5)))
    )
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    spot = np.array([rng.uniform(0.15, 0.85) * side for _ in "xy"])
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0]], np.float64)
    matrix[:, 2] = spot - matrix[:, :2] @ centre
    if abs(angle) < 0.2 and rng.random() < 0.85:  # as little as may be from beyond the photograph's edge
        spare = side - np.array([image.shape[1], image.shape[0]]) * scale
        matrix[:, 2] = np.clip(matrix[:, 2], np.minimum(spare, 0), np.maximum(spare, 0))
    piece = cv2.warpAffine(
        image, matrix, (side, side), flags=cv2.INTER_LINEAR,
        borderMode=rng.choice((cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)),
    )  # fmt: skip
    quads, ignored = (
        cv2.transform(q.reshape(1, -1, 2) * np.float32(before), matrix).reshape(-1, 4, 2).astype(np.float32)
        if len(q)
        else NONE
        for q in (scene.quads, scene.ignored)
    )
    return _readable(np.asarray(piece, np.uint8), quads, ignored)


def shrunk(scene: Scene, longest: int) -> Scene:
    """All of a photograph, its longer side of ``longest`` pixels."""
    scale = longest / max(scene.image.shape[:2])
    size = (max(1, round(scene.image.shape[1] * scale)), max(1, round(scene.image.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    image = np.asarray(cv2.resize(scene.image, size, interpolation=way), np.uint8)
    return _readable(image, scene.quads * np.float32(scale), scene.ignored * np.float32(scale))


def _readable(image: Image, quads: Quads, ignored: Quads) -> Scene:
    """A scene in which what is too small to be read is not asked for."""
    is_small = heights(quads) < LEAST_HEIGHT if len(quads) else np.zeros(0, bool)
    return Scene(image, quads[~is_small], np.concatenate([ignored, quads[is_small]]))
