"""What else is printed around text: rules, frames, cells, and the unlit segments of a display."""

import cv2
import numpy as np

from ocr_edge.contract.types import Image
from ocr_train.rendering.glyphs import Face


def decorate(
    shape: tuple[int, int], baselines: list[float], edges: list[float], cap: float, rng: np.random.Generator
) -> Image:
    """At times a rule under the lines, a frame, the edges of a field, or a cell for each character.

    Args:
        shape: Height and width of the sheet.
        baselines: Where the lines stand, in sheet pixels.
        edges: Where cells may end: x between neighbouring characters; empty for several lines.
        cap: Height of a capital, in pixels.
        rng: Source of every choice.

    Returns:
        uint8, ``shape``: 255 where something is printed; mostly nothing is.
    """
    decor = np.zeros(shape, np.uint8)
    draw = rng.random()
    thick = max(1, round(cap * float(rng.uniform(0.03, 0.12))))
    height, width = shape
    inset = round(cap * float(rng.uniform(0.15, 0.6)))
    if draw < 0.07:
        for baseline in baselines:
            y = round(baseline + cap * float(rng.uniform(0.35, 0.5)))
            decor[y : y + thick, inset : width - inset] = 255
    elif draw < 0.14:
        cv2.rectangle(decor, (inset, inset), (width - inset, height - inset), 255, thick)
    elif draw < 0.17:
        decor[:, inset : inset + thick] = 255
        decor[:, width - inset - thick : width - inset] = 255
    elif draw < 0.22 and edges:
        # The wheels of a counter, the boxes of a form.
        for x in edges:
            decor[inset : height - inset, round(x - thick / 2) : round(x + thick / 2)] = 255
        if rng.random() < 0.5:
            cv2.rectangle(decor, (inset, inset), (width - inset, height - inset), 255, thick)
    return decor


def ghosts(face: Face, rng: np.random.Generator) -> float:
    """How visible a display's unlit segments are, 0..1; 0 for other faces."""
    return float(rng.uniform(0.03, 0.16)) if face.kind == "seven-segment" and rng.random() < 0.35 else 0.0
