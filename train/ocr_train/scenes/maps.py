"""What a detector is to answer: a map of shrunken text lines, and what it learns by.

The map is that of DBNet (Liao et al., AAAI 2020), but for the measure of the shrinking: every outline loses a quarter
of its shorter side on all sides, so that lines a cell apart stay parted and the host finds the outline again exactly,
however long the line is (DBNet's rule leaves a sixth of a long line's height, less than a cell of small print).
"""

import cv2
import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from ocr_edge.detect.quads import CELL, SHRINK
from ocr_train.scenes.sheet import Quads

NEGATIVES = 3.0
"""Cells without text that count beside each that has some, the worst ones (Shrivastava et al., CVPR 2016)."""
TYPICAL_CELLS = 24.0
"""Cells of an ordinary shrunken line; one of more cells counts less by each of them, one of fewer more."""
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
    text, weight = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    for quad in ignored:
        cv2.fillPoly(weight, [_cells(quad)], 0.0)
    for quad in quads:
        inner = _cells(shrunken(quad))
        area = max(abs(cv2.contourArea(shrunken(quad))) / CELL**2, 1.0)
        cv2.fillPoly(weight, [inner], float(np.clip((TYPICAL_CELLS / area) ** 0.5, 0.3, 3.0)))
        cv2.fillPoly(text, [inner], 1.0)
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


def _cells(quad: Quads) -> npt.NDArray[np.int32]:
    """The corners in cells, whose centres are half a cell from their edges."""
    return np.round(quad / CELL - 0.5).astype(np.int32)


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
        is_text = text * weight
        blank = (1 - text) * ops.cast(weight > 0, "float32")
        wrong_text = -ops.log(said) * is_text
        wrong_blank = ops.reshape(-ops.log(1 - said) * blank, (-1,))
        worst = -ops.sort(-wrong_blank)
        places = ops.cast(ops.arange(ops.shape(worst)[0]), "float32")
        # At least a hundredth of the cells, so that pictures without text teach too.
        count = ops.maximum(NEGATIVES * ops.sum(is_text), 0.01 * ops.cast(ops.shape(worst)[0], "float32"))
        mined = ops.sum(ops.where(places < count, worst, 0.0))
        entropy = (ops.sum(wrong_text) + mined) / (ops.sum(is_text) + count)
        overlap = ops.sum(said * is_text)
        seen = ops.sum(said * (is_text + blank)) + ops.sum(is_text)
        dice = 1 - 2 * overlap / (seen + 1e-6)
        return ops.broadcast_to(3.0 * entropy + dice, (ops.shape(y_true)[0],))
