"""How well a line stage reads: exact lines and character errors, over real lines."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from ocr_edge.contract.labels import is_mark
from ocr_edge.contract.preprocess import STEP, fill
from ocr_edge.contract.types import Image, Scores
from ocr_train.datasets.words import LineSet
from ocr_train.editing import edit_distance
from ocr_train.strips.recipe import LineRecipe
from ocr_train.strips.squeeze import squeezed
from ocr_train.strips.targets import greedy

BATCH_COLUMNS = 16384
"""Columns of the strips that are run at once."""


@dataclass(frozen=True, slots=True)
class LineResult:
    """What was measured on one set.

    Attributes:
        name: Of the set.
        n: Lines.
        exact: Share read exactly, 0 to 1, as far as the truth tells: case and marks only where it has them.
        cer: Edit distance over the truth's length, summed over the set.
        exact_case_merged: ``exact`` with case ignored.
        cer_without_marks: ``cer`` of letters and digits alone.
    """

    name: str
    n: int
    exact: float
    cer: float
    exact_case_merged: float
    cer_without_marks: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {key: round(v, 5) if isinstance(v, float) else v for key, v in asdict(self).items()}


def measure(model: keras.Model, lines: LineSet, recipe: LineRecipe) -> LineResult:
    """Read a set with the best path, and compare."""
    widths = sorted(map(int, recipe.widths))
    return compare(lines, read(model, [s.image for s in lines.samples], recipe.label_texts, widths))


def compare(lines: LineSet, said: Sequence[str]) -> LineResult:
    """What was said of each line against its truth."""
    pairs = [
        (comparable(sample.text, lines), comparable(text, lines))
        for sample, text in zip(lines.samples, said, strict=True)
    ]
    return LineResult(
        lines.name,
        len(pairs),
        exact=float(np.mean([truth == text for truth, text in pairs])),
        cer=_error_rate(pairs),
        exact_case_merged=float(np.mean([truth.casefold() == text.casefold() for truth, text in pairs])),
        cer_without_marks=_error_rate([(without_marks(truth), without_marks(text)) for truth, text in pairs]),
    )


def _error_rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Edits for each character of the truth."""
    errors = sum(edit_distance(*pair) for pair in pairs)
    return errors / max(1, sum(len(truth) for truth, _ in pairs))


def comparable(text: str, lines: LineSet) -> str:
    """As much of a text as the set's truth can tell."""
    text = text if lines.case else text.casefold()
    return text if lines.marks else without_marks(text)


def without_marks(text: str) -> str:
    """Letters and digits alone."""
    return "".join(c for c in text if not is_mark(c))


def read(
    model: keras.Model, images: Sequence[Image], labels: Sequence[str], widths: Sequence[int]
) -> list[str]:
    """The best path's text of each line.

    Args:
        model: The network.
        images: Crops of lines, uint8 RGB.
        labels: Its labels, the blank last.
        widths: Columns of the strips, ascending.
    """
    said = [""] * len(images)
    for row, scores in logits(model, images, widths):
        said[row] = greedy(scores, labels)
    return said


def logits(
    model: keras.Model, images: Sequence[Image], widths: Sequence[int]
) -> Iterator[tuple[int, Scores]]:
    """Each line's number and the logits of its own width, float32 ``(T, labels)``; too wide lines are squeezed."""
    return logits_of_strips(model, (squeezed(image, widths[-1]) for image in images), widths)


def logits_of_strips(
    model: keras.Model, strips: Iterable[tuple[Image, Image]], widths: Sequence[int]
) -> Iterator[tuple[int, Scores]]:
    """Each strip's number and the logits of its own width, float32 ``(T, labels)``; none is wider than the widest."""
    by_width: dict[int, list[tuple[int, Image, Image]]] = defaultdict(list)
    for row, (rgb, binary) in enumerate(strips):
        by_width[next(w for w in widths if rgb.shape[1] <= w)].append((row, rgb, binary))
    for width, rows in by_width.items():
        count = max(1, BATCH_COLUMNS // width)
        for start in range(0, len(rows), count):
            part = rows[start : start + count]
            filled = [fill(rgb, binary, width) for _, rgb, binary in part]
            if keras.backend.backend() == "jax":  # which compiles each size of a batch
                filled += filled[:1] * (count - len(filled))
            inputs = {"rgb": np.stack([f[0] for f in filled]), "binary": np.stack([f[1] for f in filled])}
            scores = np.asarray(model.predict_on_batch(inputs), np.float32)
            for (row, rgb, _), mine in zip(part, scores, strict=False):
                yield row, mine[: -(-rgb.shape[1] // STEP)]
