"""Training crops that are probably labelled wrongly: confident learning (Northcutt et al., JAIR 70, 2021), simplest."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocr_edge.contract.confusables import groups
from ocr_edge.contract.labels import REJECT
from ocr_edge.contract.types import Scores
from ocr_train.datasets import Dataset, Sample, without
from ocr_train.evaluate import fit_temperature

COLUMNS = (*without.COLUMNS, "likelier", "p_label", "p_likelier")


@dataclass(frozen=True, slots=True, eq=False)
class Suspect:
    """A crop whose label is probably wrong.

    Attributes:
        data: File name of the data set that it is in.
        sample: The crop, from a training split.
        label: Its text.
        likelier: Text of the likelier label.
        p_label: Calibrated probability of all labels that share the given one's shape, 0..1.
        p_likelier: The same of the likelier one.
    """

    data: str
    sample: Sample
    label: str
    likelier: str
    p_label: float
    p_likelier: float


def temperature(datasets: Sequence[Dataset], logits: Sequence[Scores]) -> float:
    """The temperature that calibrates a network on the validation samples of all data sets; 1 without any.

    Args:
        datasets: Samples of any split.
        logits: float32, shape ``(N, L)``, for each of them.
    """
    held_out = [np.array([s.split == "validation" for s in dataset.samples]) for dataset in datasets]
    if not any(rows.any() for rows in held_out):
        return 1.0
    return fit_temperature(
        np.concatenate([scores[rows] for scores, rows in zip(logits, held_out, strict=True)]),
        np.concatenate([d.label_array()[rows] for d, rows in zip(datasets, held_out, strict=True)]),
    )


def find(
    data: str, dataset: Dataset, scores: Scores, labels: Sequence[str], *, below: float, above: float
) -> list[Suspect]:
    """The training crops whose label a network finds improbable while it finds another one probable.

    Labels of one shape, such as ``c`` and ``C``, or ``0``, ``o`` and ``D``, count as one: an isolated crop cannot
    tell them apart. A crop labelled ``reject`` is never a suspect: half of an ``H`` is an ``l`` to whoever sees no
    more of it.

    Args:
        data: File name of the data set.
        dataset: Its samples, of any split; only those of ``train`` can be suspects.
        scores: float32, shape ``(N, L)``: log-probabilities of every sample, calibrated.
        labels: The ordered class texts.
        below: A suspect's own label is less probable than this.
        above: The other one is more probable than this.

    Returns:
        The suspects, those first whose other label is likeliest.
    """
    truth = dataset.label_array()
    chances = np.exp(scores)
    membership = groups(labels)
    shapes = chances @ membership
    own, best = membership.argmax(axis=1)[truth], shapes.argmax(axis=1)
    p_label, p_likelier = shapes[np.arange(len(truth)), own], shapes.max(axis=1)
    may_be = np.array([s.split == "train" and labels[s.label] != REJECT for s in dataset.samples])
    rows = np.flatnonzero(may_be & (best != own) & (p_label < below) & (p_likelier > above))
    return [
        Suspect(
            data,
            dataset.samples[row],
            labels[truth[row]],
            labels[int(np.argmax(chances[row] * membership[:, best[row]]))],
            float(p_label[row]),
            float(p_likelier[row]),
        )
        for row in rows[np.argsort(-p_likelier[rows], kind="stable")].tolist()
    ]


def write(path: Path, suspects: Sequence[Suspect]) -> None:
    """Write the list that ``?without=`` reads, one line a suspect, in their order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for s in suspects:
            chances = f"{s.p_label:.4f}", f"{s.p_likelier:.4f}"
            rows.writerow([s.data, s.sample.file, s.label, s.likelier, *chances])


def counts(suspects: Mapping[str, Sequence[Suspect]], labels: Sequence[str]) -> list[list[str]]:
    """How many suspects each class has in each source: a heading, the classes that have any, and the sums.

    Args:
        suspects: By the name of their source.
        labels: The ordered class texts.
    """
    rows = [["class", *suspects]]
    for label in labels:
        numbers = [sum(s.label == label for s in found) for found in suspects.values()]
        if any(numbers):
            rows.append([label, *map(str, numbers)])
    return [*rows, ["total", *(str(len(found)) for found in suspects.values())]]
