"""What a network reads of held-out lines at each point between two networks."""

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt

from ocr_train.datasets.words import LineSet
from ocr_train.editing import aligned
from ocr_train.strips.evaluate import comparable, logits
from ocr_train.strips.targets import encoded, greedy, losses_of
from ocr_train.tune.blend import SHARES, Blend, Weights, between, changed
from ocr_train.tune.line_recipe import WIDTHS_READ


def measure(
    model: keras.Model,
    untaught: Weights,
    first: Weights,
    last: Weights,
    sets: Sequence[LineSet],
    labels: Sequence[str],
    new: Sequence[str] = (),
    shares: Sequence[float] = SHARES,
) -> list[Blend]:
    """Measure the network as it was, then every share of ``SHARES``, as ``blend.measure`` does.

    What counts of a new label is how many of its characters are read right, the texts aligned.
    """
    blends: list[Blend] = []
    before: list[npt.NDArray[np.bool_]] = []
    marks: dict[str, npt.NDArray[np.bool_]] = {}
    kept = [share for share in shares if share or new]
    for share, weights in [(0.0, untaught), *((share, between(first, last, share)) for share in kept)]:
        model.set_weights(weights)
        found = [read(model, lines, labels) for lines in sets]
        right = [
            np.array(
                [
                    comparable(sample.text, lines) == comparable(text, lines)
                    for sample, text in zip(lines.samples, said, strict=True)
                ]
            )
            for lines, (said, _) in zip(sets, found, strict=True)
        ]
        before = before or right
        changes = [changed(s.name, b, r) for s, b, r in zip(sets, before, right, strict=True)]
        now = {label: _named(sets[0], found[0][0], label) for label in new}
        marks = marks or now
        learned = [changed(label, marks[label], now[label]) for label in new]
        blends.append(Blend(share, changes[0], tuple(changes[1:]), found[0][1], tuple(learned)))
    return blends


def _named(lines: LineSet, said: Sequence[str], label: str) -> npt.NDArray[np.bool_]:
    """Of each time that a character is written, whether it was read; at least one, which then was not."""
    pairs = [
        pair
        for sample, text in zip(lines.samples, said, strict=True)
        for pair in aligned(sample.text, text)
        if pair[0] == label
    ]
    return np.array([truth == text for truth, text in pairs] or [False])


def read(model: keras.Model, lines: LineSet, labels: Sequence[str]) -> tuple[list[str], float]:
    """The best path's text of each line, and the mean CTC loss of the truth, in nats a line."""
    index = {label: i for i, label in enumerate(labels[:-1])}
    said, lost = [""] * len(lines.samples), []
    for row, scores in logits(model, [sample.image for sample in lines.samples], WIDTHS_READ):
        said[row] = greedy(scores, labels)
        target = encoded(
            lines.samples[row].text, index, case=lines.case, marks=lines.marks, steps=len(scores)
        )
        if target is not None:
            lost.append(losses_of(scores, target, labels))
    return said, float(np.mean(lost)) if lost else 0.0
