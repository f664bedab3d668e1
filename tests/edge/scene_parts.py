"""A scene for tests: a table with a cheque's amount on it, and what is said of its regions."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.config.load import parse
from ocr_edge.daemon.scene import Scene
from ocr_edge.reading import Reading
from ocr_edge.sources import pictures
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters

EXAMPLES = Path(__file__).parents[2] / "examples"
CHEQUES = {"15346": "cheque-4.jpg", "558": "cheque-2.jpg"}
SIZE = (480, 640)
PLACE = (200, 180)
CROP = (150, 54)
HEAD = f'[source]\nurl = "file:x"\n[picture]\nsize = [{SIZE[1]}, {SIZE[0]}]\n'


@pytest.fixture(scope="module")
def model() -> bundles.Bundle:
    return bundles.load()


def table(name: str = "15346", at: tuple[int, int] = PLACE, light: float = 1.0) -> np.ndarray:
    """A table with a cheque's amount on it, and some things around that marks can be cut from."""
    random = np.random.default_rng(5)
    image = np.full((*SIZE, 3), (150, 170, 180), np.uint8)
    for _ in range(60):
        x, y = (int(v) for v in random.integers((0, 0), SIZE[::-1]))
        if not (120 < x < 460 and 130 < y < 330):
            cv2.circle(
                image, (x, y), int(random.integers(5, 25)), [int(v) for v in random.integers(0, 255, 3)], -1
            )
    crop = pictures.load(EXAMPLES / CHEQUES[name])
    scale = CROP[1] / crop.shape[0]
    crop = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    right = CROP[0] - crop.shape[1]
    paper = [float(v) for v in np.median(crop, axis=(0, 1))]
    crop = cv2.copyMakeBorder(crop, 0, 0, 0, right, cv2.BORDER_CONSTANT, value=paper)
    image[at[1] : at[1] + crop.shape[0], at[0] : at[0] + crop.shape[1]] = crop
    return np.clip(image * light, 0, 255).astype(np.uint8)


def region(name: str = "amount", more: str = "") -> str:
    left, top = PLACE
    corners = [[left, top], [left + CROP[0], top], [left + CROP[0], top + CROP[1]], [left, top + CROP[1]]]
    return f'[[region]]\nname = "{name}"\ncorners = {corners}\n{more}\n'


def scene(model: bundles.Bundle, text: str, folder: Path = Path()) -> tuple[Scene, Counters]:
    counters = Counters()
    return Scene(parse(text, folder / "c.toml"), model, counters), counters


def look(scene: Scene, *images: np.ndarray, start: float = 0.0, step: float = 0.5) -> list[Reading]:
    said = []
    for index, image in enumerate(images):
        at = start + index * step
        said += scene.look(Frame(image, 1e9 + at, at, "camera"))
    return said
