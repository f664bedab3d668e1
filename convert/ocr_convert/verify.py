"""Float against int8 on the same held-out glyphs, with the device's own code: too much lost is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Scores

MAX_LOSS = 0.005
"""Most of the top-1 that may be lost over all glyphs."""
MAX_CLASS_LOSS = 0.03
"""Most that a class of at least ``MIN_CLASS`` glyphs may lose; smaller classes are only reported."""
MIN_CLASS = 200

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What conversion changed, on the same glyphs.

    Attributes:
        n: Glyphs.
        reference_top1: Share the float network names right.
        converted_top1: Share the converted network names right.
        agreement: Share on which both say the same.
        worse: Glyphs only the float network names right.
        better: Glyphs only the converted network names right.
        class_loss: ``label -> (n, top-1 lost)`` for every label that lost or gained.
        top2_ties: Share whose two likeliest labels have the same converted score.
    """

    n: int
    reference_top1: float
    converted_top1: float
    agreement: float
    worse: int
    better: int
    class_loss: dict[str, tuple[int, float]]
    top2_ties: float

    @property
    def loss(self) -> float:
        """Paired net loss of top-1, a share of 1; negative when conversion happened to help."""
        return (self.worse - self.better) / self.n

    def refusals(self) -> list[str]:
        """Why the conversion may not be used; empty when it may."""
        reasons = []
        if self.loss > MAX_LOSS:
            reasons.append(
                f"top-1 fell by {100 * self.loss:.2f} points on {self.n} glyphs, at most {100 * MAX_LOSS:g} may be lost"
            )
        reasons += [
            f"class {label} lost {100 * loss:.1f} points on {n} glyphs, at most {100 * MAX_CLASS_LOSS:g} may be lost"
            for label, (n, loss) in self.class_loss.items()
            if n >= MIN_CLASS and loss > MAX_CLASS_LOSS
        ]
        return reasons

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the manifest."""
        return {
            "n": self.n,
            "float_top1": round(self.reference_top1, 5),
            "converted_top1": round(self.converted_top1, 5),
            "loss": round(self.loss, 5),
            "agreement": round(self.agreement, 5),
            "top2_ties": round(self.top2_ties, 5),
        }


def compare(reference: Scores, converted: Scores, truth: Labels, labels: Sequence[str]) -> Comparison:
    """Compare two networks' scores of the same glyphs.

    Args:
        reference: float32, shape ``(N, L)``, of the float network.
        converted: float32, shape ``(N, L)``, of the converted network.
        truth: int64, shape ``(N,)``.
        labels: The ordered class texts.

    Returns:
        The comparison.
    """
    before, after = reference.argmax(axis=1), converted.argmax(axis=1)
    right_before, right_after = before == truth, after == truth
    class_loss = {}
    for label in np.unique(truth).tolist():
        mine = truth == label
        loss = float(right_before[mine].mean() - right_after[mine].mean())
        if loss:
            class_loss[labels[label]] = (int(mine.sum()), loss)
    top2 = np.partition(converted, -2, axis=1)[:, -2:]
    return Comparison(
        n=len(truth),
        reference_top1=float(right_before.mean()),
        converted_top1=float(right_after.mean()),
        agreement=float((before == after).mean()),
        worse=int((right_before & ~right_after).sum()),
        better=int((~right_before & right_after).sum()),
        class_loss=class_loss,
        top2_ties=float((top2[:, 0] == top2[:, 1]).mean()),
    )
