"""Pictures of data and of training runs, as PNG files: contact sheets, confusions, mistakes, curves, reliability."""

from collections.abc import Sequence
from pathlib import Path

from ocr_edge.contract.types import Image, Scores
from ocr_train.evaluate import Labels
from ocr_train.pictures.confusion import draw_confusion
from ocr_train.pictures.history import draw_history
from ocr_train.pictures.mistakes import draw_mistakes
from ocr_train.pictures.reliability import Panel, draw_reliability
from ocr_train.pictures.sheet import draw_sheet

__all__ = [
    "Panel",
    "draw_confusion",
    "draw_errors",
    "draw_history",
    "draw_mistakes",
    "draw_reliability",
    "draw_sheet",
]


def draw_errors(
    folder: Path,
    inputs: dict[str, Image],
    logits: Scores,
    truth: Labels,
    labels: Sequence[str],
    *,
    suffix: str = "",
) -> list[Path]:
    """Draw ``confusion.png`` and ``mistakes.png``.

    Args:
        folder: Where to put them; made when missing.
        inputs: ``rgb`` uint8 (N, H, W, 3) and ``binary`` uint8 (N, H, W, 1), as the network sees them.
        logits: float32, shape ``(N, L)``.
        truth: int64, shape ``(N,)``.
        labels: The ordered class texts.
        suffix: Goes between name and ending, as in ``confusion-crops.png``.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"confusion{suffix}.png", folder / f"mistakes{suffix}.png"]
    draw_confusion(paths[0], truth, logits.argmax(axis=1), labels)
    draw_mistakes(paths[1], inputs, logits, truth, labels)
    return paths
