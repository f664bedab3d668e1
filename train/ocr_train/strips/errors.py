"""Pictures of what a line stage gets wrong: ``confusion.png`` and ``mistakes.png``."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ocr_edge.contract.preprocess import strip
from ocr_train.datasets.words import LineSet
from ocr_train.editing import Pair, aligned, edit_distance
from ocr_train.pictures.confusion import draw_confusion
from ocr_train.pictures.strips import draw_strips
from ocr_train.strips.evaluate import comparable

NOTHING, SPACE = "∅", "␣"
"""How a place without a character is written, and a space."""
MISTAKES = 120
"""Lines of the sheet."""
WIDEST = 1400
"""Columns of the widest strip that is shown."""


def draw_errors(
    folder: Path,
    sets: Sequence[LineSet],
    said: Sequence[Sequence[str]],
    labels: Sequence[str],
    suffix: str = "",
) -> list[Path]:
    """Draw which characters are taken for which, and the worst mistakes.

    Args:
        folder: Where to put the pictures; made when missing.
        sets: The lines.
        said: What was read of each line of each set.
        labels: The ordered labels, without the blank.
        suffix: Goes between name and ending.

    Returns:
        The files.
    """
    paths = [folder / f"confusion{suffix}.png", folder / f"mistakes{suffix}.png"]
    pairs = [
        pair
        for lines, texts in zip(sets, said, strict=True)
        for sample, text in zip(lines.samples, texts, strict=True)
        for pair in aligned(comparable(sample.text, lines), comparable(text, lines))
    ]
    confusions(paths[0], pairs, labels)
    mistakes(paths[1], sets, said)
    return paths


def confusions(path: Path, pairs: Sequence[Pair], labels: Sequence[str]) -> None:
    """Draw the matrix of the characters that occur, in the order of the labels; what is none of them comes after."""
    found = {character or NOTHING for pair in pairs for character in pair} | {NOTHING}
    order = [label for label in labels if label in found]
    order += [*sorted(found - {*order, NOTHING}), NOTHING]
    place = {label: index for index, label in enumerate(order)}
    truth, guess = (np.array([place[pair[side] or NOTHING] for pair in pairs], np.int64) for side in (0, 1))
    shown = [SPACE if label == " " else label for label in order]
    note = f"; column {NOTHING}: dropped, row {NOTHING}: inserted"
    draw_confusion(path, truth, guess, shown, samples="characters, aligned", note=note)


def mistakes(path: Path, sets: Sequence[LineSet], said: Sequence[Sequence[str]]) -> None:
    """Draw the lines with most edits for their length, with truth and reading."""
    wrong = []
    for lines, texts in zip(sets, said, strict=True):
        for sample, text in zip(lines.samples, texts, strict=True):
            pair = comparable(sample.text, lines), comparable(text, lines)
            if edits := edit_distance(*pair):
                wrong.append((edits / max(1, len(pair[0])), lines.name, sample, text))
    wrong.sort(key=lambda row: -row[0])
    shown = wrong[:MISTAKES]
    strips = [tuple(part[:, :WIDEST] for part in strip(sample.image)) for _, _, sample, _ in shown]
    captions = [f"{sample.text}\n{text or NOTHING}\n{name}" for _, name, sample, text in shown]
    count = sum(len(lines.samples) for lines in sets)
    title = f"{len(wrong)} of {count} wrong; the {len(shown)} worst: truth, what was said, set"
    draw_strips(path, [(rgb, binary) for rgb, binary in strips], captions, title=title)
