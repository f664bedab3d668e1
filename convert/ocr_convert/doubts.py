"""What is wrong with a network itself, and no fault of its conversion."""

from ocr_convert.trained import Refused
from ocr_convert.verify import Comparison
from ocr_edge.contract.manifest import Manifest

LEAST_RIGHT = 0.5
"""Share of the held-out glyphs that a network must name right: the shipped ones have 69 % right of the worst data set
that they were measured on. Labels in another order, or an unfinished training, give less than 40 %."""
MOST_ERROR = 0.1
"""Calibration error that is worth a warning: the shipped networks have less than 0.05 on every set."""


def refuse_poor(comparison: Comparison, name: str) -> None:
    """Refuse a network that names most glyphs wrong before it is converted.

    Raises:
        Refused: It does.
    """
    if comparison.reference_top1 < LEAST_RIGHT:
        raise Refused(
            f"{name}: the float network names {100 * comparison.reference_top1:.1f} % of {comparison.n} held-out glyphs"
            f" right, expected at least {100 * LEAST_RIGHT:.0f} %; nothing was written. Look at its validation in"
            " metrics.json, and whether the samples' classes are in the order of its labels (--labels, ?labels=ORDER in"
            " a spec); --force writes the bundle all the same"
        )


def doubts(manifest: Manifest) -> list[str]:
    """What a bundle's owner should know before it is used, one sentence each."""
    found = []
    if manifest.characters and manifest.characters[0].reject is None:
        found.append(
            "the bundle has no class for what is no character: specks, frames and halves of letters are read as"
            " characters. Train with reject = 0.4 in the recipe and crops of the class reject"
        )
    error = manifest.metrics.get("pooled", {}).get("ece")
    if error is not None and error > MOST_ERROR:
        found.append(
            f"its confidences are off by {100 * error:.1f} points on average, expected at most {100 * MOST_ERROR:.0f}:"
            " min_confidence means little. More held-out samples help, and labels that are right"
        )
    return found
