"""``prepare scenes``: scenes as the training of a detector draws them, written as data for ``scenes:``."""

import json
import random
import tarfile
from pathlib import Path

import cv2
import numpy as np

from ocr_train.datasets import tar
from ocr_train.datasets.rows import TRUTH_NAME
from ocr_train.scenes.boxed import UNREADABLE
from ocr_train.scenes.compose import Scene
from ocr_train.scenes.feed import composer
from ocr_train.scenes.recipe import SceneRecipe

SIZE = (480, 640)
"""Height and width of a picture."""
QUALITY = 92
"""Of the JPEG files: the scenes have been through a camera's compression already."""


def prepare(out: Path, recipe: SceneRecipe, data: str, count: int, seed: int) -> Path:
    """Draw scenes.

    Args:
        out: The archive to write; it appears complete or not at all.
        recipe: Whose scenes.
        data: Folder that its paths start from.
        count: How many; every third is drawn in faces for validation.
        seed: Of every choice.

    Returns:
        ``out``.

    Raises:
        ConfigError: The recipe's data or the fonts cannot be used.
    """
    composers = {split: composer(recipe, data, split) for split in ("train", "validation")}
    rng = random.Random(seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    rows = []
    try:
        with tarfile.open(part, "w") as archive:
            for number in range(count):
                split = "validation" if number % 3 == 2 else "train"
                scene = composers[split].draw(rng, SIZE)
                name = f"{number:05d}.jpg"
                bgr = np.ascontiguousarray(scene.image[..., ::-1])
                _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
                tar.add(archive, name, content.tobytes())
                rows.append(json.dumps({"file": name, "text": "", "split": split, "boxes": _boxes(scene)}))
            tar.add(archive, TRUTH_NAME, "\n".join(rows).encode())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return out


def _boxes(scene: Scene) -> list[object]:
    """Outlines as ``scenes:`` reads them; what a drawn line says is not known to the detector."""
    readable = [[np.round(quad, 1).tolist(), ""] for quad in scene.quads.astype(float)]
    return readable + [[np.round(quad, 1).tolist(), UNREADABLE] for quad in scene.ignored.astype(float)]
