"""A contact sheet of the worst mistakes: wrong, and sure of it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.quantize import log_softmax
from ocr_edge.contract.types import Image, Scores
from ocr_train.evaluate import Labels, fit_temperature
from ocr_train.pictures.sheet import draw_sheet

COUNT = 100


def draw_mistakes(
    path: Path, inputs: dict[str, Image], logits: Scores, truth: Labels, labels: Sequence[str]
) -> None:
    """Draw the worst mistakes with truth, guess and confidence, the surest first.

    Args:
        path: The PNG file to write.
        inputs: ``rgb`` uint8 (N, H, W, 3) and ``binary`` uint8 (N, H, W, 1).
        logits: float32, shape ``(N, L)``.
        truth: int64, shape ``(N,)``.
        labels: The ordered class texts.
    """
    rows, confidence = worst(logits, truth)
    shown = rows[:COUNT]
    guess = logits.argmax(axis=1)
    captions = [
        f"{labels[truth[row]]} → {labels[guess[row]]}\n{100 * confidence[row]:.0f} %" for row in shown
    ]
    title = f"{len(rows)} of {len(truth)} wrong"
    if len(shown):
        title += f"; the {len(shown)} surest: truth → guess, confidence"
    draw_sheet(path, {name: values[shown] for name, values in inputs.items()}, captions, title=title)


def worst(logits: Scores, truth: Labels) -> tuple[npt.NDArray[np.intp], Scores]:
    """Which samples are named wrong.

    Args:
        logits: float32, shape ``(N, L)``.
        truth: int64, shape ``(N,)``.

    Returns:
        Their rows, the most confident mistake first; and the calibrated confidence of every sample, shape
        ``(N,)``.
    """
    confidence = np.exp(log_softmax(logits, fit_temperature(logits, truth)).max(axis=1))
    wrong = np.flatnonzero(logits.argmax(axis=1) != truth)
    return wrong[np.argsort(-confidence[wrong], kind="stable")], confidence
