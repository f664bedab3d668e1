"""The stages that name glyphs, in sequence: the next one is asked where the one before is not sure. Pure."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.calibrate import calibrated, same_shape
from ocr_edge.contract.manifest import Manifest
from ocr_edge.contract.types import Scores


def in_sequence(
    manifest: Manifest, count: int, logits: Callable[[int, list[int]], Sequence[Scores] | Scores]
) -> tuple[Scores, npt.NDArray[np.int64]]:
    """Run the stages that name glyphs in sequence and combine what they say.

    Args:
        manifest: Names the stages and how they are combined.
        count: How many glyphs.
        logits: Gives the logits, float32 ``(rows, L)``, of a stage's index among them for some rows of the glyphs.

    Returns:
        Calibrated log-probabilities of all classes, float32 ``(count, L)``; and how many stages each glyph went
        through, int64 ``(count,)``.
    """
    stages = manifest.characters
    labels = stages[0].labels
    result = np.zeros((count, len(labels)), np.float32)
    total = np.zeros(result.shape)
    same = same_shape(labels, manifest.confusables)
    ran = np.zeros(count, np.int64)
    rows = list(range(count))
    for index, stage in enumerate(stages):
        if not rows:
            break
        found = np.asarray(logits(index, rows), np.float32)
        scores = calibrated(found, stage.temperature, stage.twin_temperature, same)
        if manifest.combine == "mean" and len(stages) > 1:
            total[rows] += np.exp(scores)
            scores = np.log(np.maximum(total[rows] / (index + 1), 1e-30)).astype(np.float32)
        result[rows] = scores
        ran[rows] += 1
        if stage.escalate_below is None:
            break
        limit = np.log(max(stage.escalate_below, 1e-9))
        rows = [row for row, best in zip(rows, scores.max(axis=1), strict=True) if best < limit]
    return result, ran
