"""Which class is taken for which."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ocr_train.evaluate import Labels
from ocr_train.pictures.figure import figure, save

CELL, MARGIN = 19, 70
"""Pixels of a class, and around the matrix."""


def confusion(truth: Labels, guess: Labels, classes: int) -> npt.NDArray[np.int64]:
    """How often each class is taken for each.

    Args:
        truth: int64, shape ``(N,)``.
        guess: int64, shape ``(N,)``.
        classes: How many there are.

    Returns:
        int64, shape ``(classes, classes)``: row by truth, column by guess.
    """
    return np.bincount(truth * classes + guess, minlength=classes**2).reshape(classes, classes)


def draw_confusion(
    path: Path,
    truth: Labels,
    guess: Labels,
    labels: Sequence[str],
    *,
    samples: str = "samples",
    note: str = "",
) -> None:
    """Draw the confusion matrix: shade by the share of the true class, numbers are counts.

    Args:
        path: The PNG file to write.
        truth: int64, shape ``(N,)``.
        guess: int64, shape ``(N,)``.
        labels: The ordered class texts.
        samples: What is counted.
        note: Goes behind the title.
    """
    counts = confusion(truth, guess, len(labels))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(len(labels) * CELL, 380)
    drawn = figure(side + 2 * MARGIN, side + 2 * MARGIN)
    edge, width = MARGIN / (side + 2 * MARGIN), side / (side + 2 * MARGIN)
    axes = drawn.add_axes((edge, edge, width, width))
    # The square root lifts the rare confusions out of the white.
    axes.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1, interpolation="none")
    size = min(9.0, 0.38 * side / len(labels))
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if share[row, column] > 0.3 else "#7a1f00" if row != column else "black"
        count = counts[row, column]
        text = str(count) if count < 1000 else f"{count / 1000:.0f}k"
        axes.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)
    positions = np.arange(len(labels))
    axes.set_xticks(positions, labels, fontsize=size + 2)
    axes.set_yticks(positions, labels, fontsize=size + 2)
    axes.tick_params(top=True, right=True, labeltop=True, labelright=True, length=0)
    for text in (*axes.get_xticklabels(which="both"), *axes.get_yticklabels(which="both")):
        text.set_parse_math(False)
    for before, (left, right) in enumerate(pairwise(labels)):
        if _kind(left) != _kind(right):
            axes.axhline(before + 0.5, color="#888888", linewidth=0.8)
            axes.axvline(before + 0.5, color="#888888", linewidth=0.8)
    right_share = float((truth == guess).mean()) if len(truth) else 0.0
    axes.set_title(f"{len(truth)} {samples}, {100 * right_share:.1f} % right{note}", fontsize=11, pad=24)
    axes.set_xlabel("guess")
    axes.set_ylabel("truth")
    save(drawn, path)


def _kind(label: str) -> tuple[bool, bool]:
    return label.isdigit(), label.isupper()
