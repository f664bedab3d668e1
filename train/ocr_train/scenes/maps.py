"""What a detector is to answer: a map of shrunken text lines, and what it learns by.

The map is that of DBNet (Liao et al., AAAI 2020), with two changes. Every outline loses a quarter of its shorter side
on all sides, however long the line is: DBNet's rule leaves a sixth of a long line's height, less than a cell of small
print. And a cell says what share of it the shrunken text covers, so that the host finds the outline again to a part
of a cell: of lines 20 pixels high 0.90 of the area instead of 0.60 (intersection over union).
"""

import cv2
import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from ocr_edge.detect.quads import CELL, SHRINK
from ocr_train.scenes.sheet import Quads, heights

NEGATIVES = 3.0
"""Cells without text that count beside each that has some, the worst ones (Shrivastava et al., CVPR 2016)."""
TYPICAL_CELLS = 24.0
"""Cells of an ordinary shrunken line; one of more cells counts less by each of them, one of fewer more."""
EDGE = 0.15
"""Width of a readable outline's edge, beside its height, that is no text even where all around it is not known."""
BITS = 4
"""Of a corner's fraction: OpenCV draws to a sixteenth of a pixel."""
Targets = npt.NDArray[np.float32]


def target(size: tuple[int, int], quads: Quads, ignored: Quads) -> Targets:
    """The map of a picture.

    Args:
        size: Height and width of the picture, multiples of ``CELL``.
        quads: Outlines of the text, in its pixels.
        ignored: Outlines of what is neither right nor wrong.

    Returns:
        float32, shape ``(height / CELL, width / CELL, 2)``: 1 where text is, and how much the cell counts.
    """
    shape = (size[0] // CELL, size[1] // CELL)
    pixels, weight = np.zeros(size, np.uint8), np.ones(shape, np.float32)
    for quad in ignored:
        cv2.fillPoly(weight, [_fixed(quad / np.float32(CELL))], 0.0, shift=BITS)
    for quad in quads:
        if any(cv2.pointPolygonTest(other, quad.mean(axis=0).tolist(), False) > 0 for other in ignored):
            # Alone of what lies around it, its own edge is known.
            cv2.fillPoly(weight, [_fixed(shrunken(quad, -EDGE) / np.float32(CELL))], 1.0, shift=BITS)
    for quad in quads:
        inner = shrunken(quad)
        area = max(abs(cv2.contourArea(inner)) / CELL**2, 1.0)
        counts = float(np.clip((TYPICAL_CELLS / area) ** 0.5, 0.3, 3.0))
        cv2.fillPoly(weight, [_fixed(inner / np.float32(CELL))], counts, shift=BITS)
        # OpenCV fills every pixel that the outline touches: half a pixel more on every side.
        drawn = shrunken(inner, min(0.5 / max(_thickness(inner), 1.0), 0.4))
        cv2.fillPoly(pixels, [_fixed(drawn)], 255, shift=BITS)
    text = cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.stack([text, weight], axis=-1)


def shrunken(quad: Quads, by: float = SHRINK) -> Quads:
    """An outline with every side moved inwards by a share of its shorter one: shape ``(4, 2)``."""
    top_left, top_right, bottom_right, bottom_left = quad
    along = (top_right - top_left + bottom_right - bottom_left) / 2
    down = (bottom_left - top_left + bottom_right - top_right) / 2
    wide, high = float(np.linalg.norm(along)), float(np.linalg.norm(down))
    if min(wide, high) < 1e-3:
        return quad
    step = by * min(wide, high)
    right, under = along * (step / wide), down * (step / high)
    return np.array(
        [
            top_left + right + under,
            top_right - right + under,
            bottom_right - right - under,
            bottom_left + right - under,
        ],
        np.float32,
    )


def _thickness(quad: Quads) -> float:
    """The shorter side of an outline."""
    return float(heights(quad[None])[0])


def _fixed(quad: Quads) -> npt.NDArray[np.int32]:
    """Corners as OpenCV takes fractions of a pixel, counted from the pixels' centres."""
    return np.asarray(np.round((quad - 0.5) * 2**BITS), np.int32)


@keras.saving.register_keras_serializable("ocr_train")
class MapLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """Cross-entropy over the text and the worst of the rest, and the dice loss (Milletari et al., 3DV 2016)."""

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """The loss of a batch.

        Args:
            y_true: Shape (B, h, w, 2), as ``target`` gives it.
            y_pred: Probabilities, shape (B, h, w, 1).

        Returns:
            One number for each picture, all the same, as Keras asks.
        """
        text, weight = y_true[..., 0], y_true[..., 1]
        said = ops.clip(ops.cast(y_pred[..., 0], "float32"), 1e-6, 1 - 1e-6)
        is_text = ops.cast(text > 0, "float32") * weight
        blank = ops.cast((text == 0) & (weight > 0), "float32")
        wrong = -text * ops.log(said) - (1 - text) * ops.log(1 - said)
        worst = -ops.sort(-ops.reshape(wrong * blank, (-1,)))
        cells = ops.shape(worst)[0]
        # At least a hundredth of the cells, so that pictures without text teach too.
        count = ops.maximum(NEGATIVES * ops.sum(is_text), 0.01 * ops.cast(cells, "float32"))
        mined = ops.sum(ops.where(ops.cast(ops.arange(cells), "float32") < count, worst, 0.0))
        entropy = (ops.sum(wrong * is_text) + mined) / (ops.sum(is_text) + count)
        # With squares it is least where what is said is what is there, and not where it is 0 or 1.
        counted = is_text + blank
        overlap = ops.sum(said * text * counted)
        dice = 1 - 2 * overlap / (ops.sum((said**2 + text**2) * counted) + 1e-6)
        return ops.broadcast_to(3.0 * entropy + dice, (ops.shape(y_true)[0],))
