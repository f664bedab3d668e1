"""What a bundle's final scores are worth, source by source: accuracy, calibration, and what is no character."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ocr_convert.verify import Labels
from ocr_edge.contract.labels import case_merged
from ocr_edge.contract.types import Scores
from ocr_train.evaluate import BINS, expected_calibration_error, measure
from ocr_train.pictures import Panel

POOLED = "all"
CONFUSIONS = 20
"""Most pairs that are listed."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The scores of one held-out data set.

    Attributes:
        name: The data set.
        scores: float32, shape ``(N, L)``: calibrated log-probabilities of all classes, as they come out in the end.
        truth: int64, shape ``(N,)``.
    """

    name: str
    scores: Scores
    truth: Labels


def validation(sources: Sequence[Source], labels: Sequence[str], reject: int | None) -> dict[str, Any]:
    """Measure a bundle on each source and on all of them together.

    Args:
        sources: At least one with a character in it.
        labels: All classes, in order.
        reject: Index of the class of what is no character, or None.

    Returns:
        Plain values for the manifest. ``validation``: a row a source, with the keys of ``ocr-train evaluate --json``
        but ``per_class``, and ``ece_case_merged`` and, where the source has such glyphs, ``reject``. The
        calibration errors are those of the bundle's own confidences, nothing refitted, on characters: the confidence
        is the probability of the likeliest text, given that the glyph is a character. ``pooled``: the same of all;
        ``per_class`` and ``confusions`` (truth, guess, n) too.
    """
    whole = Source(
        POOLED,
        np.concatenate([source.scores for source in sources]),
        np.concatenate([source.truth for source in sources]),
    )
    texts = [label for index, label in enumerate(labels) if index != reject]
    rows = [_row(source, texts, reject) for source in sources if (source.truth != reject).any()]
    scores, truth = _characters(whole, reject)
    pairs = np.bincount(truth * len(texts) + scores.argmax(axis=1), minlength=len(texts) ** 2)
    pairs[:: len(texts) + 1] = 0
    most = [pair for pair in np.argsort(-pairs, kind="stable")[:CONFUSIONS].tolist() if pairs[pair]]
    return {
        "validation": rows,
        "pooled": _row(whole, texts, reject),
        "per_class": measure(POOLED, scores, truth, texts, calibrated=True).per_class,
        "confusions": [
            [texts[pair // len(texts)], texts[pair % len(texts)], int(pairs[pair])] for pair in most
        ],
    }


def panels(sources: Sequence[Source], reject: int | None) -> list[Panel]:
    """What the reliability picture shows: every source with characters, and all together."""
    found = []
    for source in sources:
        scores, truth = _characters(source, reject)
        if len(truth) >= 2 * BINS:
            confidence = np.exp(scores.max(axis=1))
            found.append(Panel(source.name, confidence, scores.argmax(axis=1) == truth))
    if len(found) > 1:
        together = [
            np.concatenate(parts) for parts in zip(*((p.confidence, p.right) for p in found), strict=True)
        ]
        found.append(Panel("all together", together[0], together[1]))
    return found


def _characters(source: Source, reject: int | None) -> tuple[Scores, Labels]:
    """Log-probabilities over the texts, given that it is one, of the glyphs that are; and the truth among the texts."""
    if reject is None:
        return source.scores, source.truth
    kept = source.truth != reject
    scores = np.delete(source.scores[kept], reject, axis=1)
    scores = scores - np.log(np.exp(scores.astype(np.float64)).sum(axis=1, keepdims=True)).astype(np.float32)
    truth = source.truth[kept]
    return scores, truth - (truth > reject)


def _row(source: Source, texts: Sequence[str], reject: int | None) -> dict[str, Any]:
    scores, truth = _characters(source, reject)
    row = measure(source.name, scores, truth, texts, calibrated=True).as_dict()
    del row["per_class"]
    merged = np.array(case_merged(texts))
    chances = np.exp(scores) @ np.eye(len(texts), dtype=np.float32)[merged]
    error = expected_calibration_error(chances.max(axis=1), chances.argmax(axis=1) == merged[truth])
    row["ece_case_merged"] = None if row["ece"] is None else round(error, 5)
    if reject is not None and (source.truth == reject).any():
        row["reject"] = _reject(source, reject)
    return row


def _reject(source: Source, reject: int) -> dict[str, Any]:
    """How well what is no character is told from what is one.

    ``n`` glyphs that are none; ``rejected``: share of them with a probability of ``reject`` above one half; ``lost``:
    the same share of characters; ``auc``: chance that one that is none has the higher probability of the two;
    ``ece``: over characters and others alike, ``reject`` being one class more.
    """
    is_none = source.truth == reject
    chance = np.exp(source.scores[:, reject])
    none, others = chance[is_none], np.sort(chance[~is_none])
    below = np.searchsorted(others, none, "left") + np.searchsorted(others, none, "right")
    confidence = np.exp(source.scores.max(axis=1))
    error = expected_calibration_error(confidence, source.scores.argmax(axis=1) == source.truth)
    shares = {"rejected": _share(none > 0.5), "lost": _share(others > 0.5)}
    return {
        "n": int(is_none.sum()),
        **shares,
        "auc": round(float(below.mean()) / 2 / len(others), 5) if len(others) else None,
        "ece": round(error, 5),
    }


def _share(which: npt.NDArray[np.bool_]) -> float | None:
    return round(float(which.mean()), 5) if len(which) else None
