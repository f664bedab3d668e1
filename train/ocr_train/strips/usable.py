"""Which real lines a recipe can teach, by the width of their strips, and what is said of those that it cannot."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ocr_edge.contract.preprocess import LINE_HEIGHT, STEP
from ocr_train.datasets.base import Skipped
from ocr_train.datasets.words import LineSample, LineSet
from ocr_train.strips.recipe import LineRecipe
from ocr_train.strips.targets import encoded, taught

_LOGGER = logging.getLogger(__name__)
SLACK = 1.05
"""How much wider than a width a real line may be and still be among the strips of that width."""
MAX_SQUEEZE = 1.2
"""How much wider than its batch a real line may be; it is then squeezed."""
MAX_STRETCH = 1.2
"""How much wider than it is a line may become when it is varied; ``camera.moved`` goes to 1.12."""

Rows = dict[int, dict[int, list[int]]]
"""Numbers of lines by the number of their set, by the width of their strips."""


def usable(sets: Sequence[LineSet], recipe: LineRecipe) -> Rows:
    """The lines that can be taught; what is left out, and which widths have none, is logged.

    Args:
        sets: The training lines of each source.
        recipe: Says which labels and widths there are.
    """
    index = {label: i for i, label in enumerate(recipe.label_texts[:-1])}
    widths = sorted(map(int, recipe.widths))
    found: Rows = defaultdict(lambda: defaultdict(list))
    for number, lines in enumerate(sets):
        skipped = Skipped(Path(lines.name))
        for row, sample in enumerate(lines.samples):
            own = sample.image.shape[1] * LINE_HEIGHT / sample.image.shape[0]
            width = next((w for w in widths if own <= w * SLACK), widths[-1])
            if why := _why_not(sample, own, width, lines, index):
                skipped.add(why, f"{sample.file}: {sample.text!r}")
            else:
                found[width][number].append(row)
        skipped.report()
    if sets and recipe.real and (without := [width for width in widths if width not in found]):
        share = sum(recipe.widths[str(width)] for width in without) / sum(recipe.widths.values())
        _LOGGER.warning(
            "no real line for strips of %s columns: %.0f %% of the batches are rendered alone",
            ", ".join(map(str, without)),
            100 * share,
        )
    return found


def _why_not(sample: LineSample, own: float, width: int, lines: LineSet, index: Mapping[str, int]) -> str:
    """Why a line whose strip has so many columns cannot be taught in one of a width; empty when it can."""
    if own > width * MAX_SQUEEZE:
        return f"wider than strips of {width} columns"
    flags = {"case": lines.case, "marks": lines.marks}
    text = taught(sample.text, index, **flags)
    if not text:
        return "marks alone, which are ignored"
    if any(c not in index for c in text):
        return "a character that is no label"
    most = min(width, round(own * MAX_STRETCH) + STEP) // STEP
    return (
        ""
        if encoded(sample.text, index, **flags, steps=most) is not None
        else "longer than its strip has steps"
    )
