"""Posteriors over time as a heat map under their strip, cut into pieces that fit a sheet."""

import itertools
from collections.abc import Sequence

import cv2
import numpy as np

from ocr_edge.contract.preprocess import LINE_HEIGHT, STEP
from ocr_edge.contract.types import Box, Image, Scores
from ocr_edge.explain import drawing
from ocr_edge.explain.said import Said

LARGE, SMALL = 4, 2
"""How much larger a strip is drawn: one that fits a sheet, and a longer one."""
MATTERS = 0.05
"""Probability that a label needs anywhere for a row of its own."""
ROW = 16
"""Rows that a label is drawn with."""
GUTTER = 62
"""Columns for the names of the rows."""
DARK = (0, 60, 150)
"""Colour of what is certain."""
GAP = 4


def draw(said: Said, labels: Sequence[str]) -> list[Image]:
    """A strip, its ink, what was read and the labels that matter, the blank last.

    Args:
        said: What the line stage said of it.
        labels: Of the line stage, the blank not among them.
    """
    seen = said.tried.posteriors
    columns = seen.rgb.shape[1]
    scale = LARGE if LARGE * columns + GUTTER <= drawing.WIDEST else SMALL
    count = -(-scale * columns // (drawing.WIDEST - GUTTER))
    edges = np.linspace(0, len(seen.scores), count + 1).round().astype(int).tolist()
    return [
        _piece(said, labels, first, end, scale) for first, end in itertools.pairwise(edges) if end > first
    ]


def rows(scores: Scores, way: Sequence[int]) -> list[int]:
    """The labels that matter on some steps, in the order in which they are first heard, the blank last.

    Args:
        scores: Log-probabilities, shape ``(T, labels + 1)``, blank last.
        way: The label of each step on the way that was read.
    """
    blank = scores.shape[1] - 1
    heard = np.exp(scores) > MATTERS
    heard[np.arange(len(way)), list(way)] = True
    first = heard.argmax(axis=0)
    matter = np.flatnonzero(heard.any(axis=0)).tolist()
    return [
        *sorted((label for label in matter if label != blank), key=lambda label: int(first[label])),
        blank,
    ]


def _piece(said: Said, labels: Sequence[str], first: int, end: int, scale: int) -> Image:
    """Some of the steps of a strip."""
    seen = said.tried.posteriors
    scores, way = seen.scores[first:end], said.labels[first:end]
    shown = rows(scores, way)
    at = slice(STEP * first, STEP * end)
    ink = drawing.gray_as_colour(255 - seen.binary[:, at, 0])
    pictures = [drawing.enlarged(part, scale) for part in (seen.rgb[:, at], ink)]
    wide, high = STEP * scale * (end - first), scale * LINE_HEIGHT
    head = 2 * high + 2 * GAP + ROW
    canvas = drawing.paper(GUTTER + wide + 2, head + ROW * len(shown) + 2)
    for index, picture in enumerate(pictures):
        top = index * (high + GAP)
        # The last step may be only partly filled.
        canvas[top : top + high, GUTTER : GUTTER + picture.shape[1]] = picture
    heat = np.sqrt(np.exp(scores[:, shown].T))[..., None]
    colours = np.asarray((1 - heat) * 255 + heat * np.array(DARK), np.uint8)
    cells = cv2.resize(colours, (wide, ROW * len(shown)), interpolation=cv2.INTER_NEAREST)
    canvas[head : head + len(cells), GUTTER : GUTTER + wide] = cells
    for row, label in enumerate(shown):
        drawing.write(canvas, (2, head + row * ROW + 3), name(label, labels), drawing.TINY)
    for label, start, stop in runs(way):
        left, row = GUTTER + STEP * scale * start, shown.index(label)
        box = Box(left, head + row * ROW, STEP * scale * (stop - start), ROW)
        is_blank = label == len(labels)
        drawing.frame(canvas, box, drawing.GREEN, 1 if is_blank else 2)
        if not is_blank:
            drawing.write(canvas, (left + 1, head - ROW + 1), labels[label], drawing.SMALL, drawing.GREEN)
    return canvas


def name(label: int, labels: Sequence[str]) -> str:
    """A row's name."""
    if label == len(labels):
        return "blank"
    return "space" if labels[label].isspace() else labels[label]


def runs(way: Sequence[int]) -> list[tuple[int, int, int]]:
    """Label, first step and the first step after of each row of equal labels."""
    result, start = [], 0
    for label, group in itertools.groupby(way):
        length = len(list(group))
        result.append((label, start, start + length))
        start += length
    return result
