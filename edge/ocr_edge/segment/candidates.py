"""From a line of ink pieces to glyph candidates: parts joined, touching characters offered cut, nothing decided."""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Box, Glyph, Image, Polarity
from ocr_edge.segment.components import Components

MARGIN = 0.08
"""Paper kept around a glyph in its colour crop, in glyph heights."""
WIDE = 1.15
"""Width in line heights from which a piece may be several characters."""
MAX_CHARACTER = 1.5
"""Width in line heights that no single character exceeds."""
MAX_JOINED = 1.05
"""Width in line heights up to which two neighbours may be one broken character."""
MAX_PARTS = 4
"""Most neighbours that may be one broken character."""
MAX_JOIN_GAP = 0.22
"""Gap in line heights up to which two neighbours may be one broken character."""
MAX_DOT_GAP = 0.35
"""Gap between a stem and its dot, in heights of the stem."""
MIN_CUT_DISTANCE = 0.2
"""Shortest distance between two cuts, in line heights."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A part of a line that may be one character.

    Attributes:
        box: Where it stands, in pixels of the picture it was found in.
        crop: Makes its glyph; most candidates are never looked at, so none is cut before it is asked for.
        first: Index of its first piece in the line.
        last: Index after its last piece.
        primary: Part of the plain reading, one character to a blob; the others are needed only where that is unsure.
    """

    box: Box
    crop: Callable[[], Glyph]
    first: int
    last: int
    primary: bool

    @property
    def glyph(self) -> Glyph:
        """Its crop, in the two forms the network takes."""
        return self.crop()


@dataclass(frozen=True, slots=True, eq=False)
class CandidateLine:
    """A line of text not yet named: a lattice of candidates over pieces of ink.

    Attributes:
        candidates: Every way to cut it, ordered by first and last piece.
        pieces: The elementary pieces, left to right.
        height: Typical height of its blobs, in pixels.
        polarity: Of its ink.
    """

    candidates: tuple[Candidate, ...]
    pieces: tuple[Box, ...]
    height: float
    polarity: Polarity

    @property
    def box(self) -> Box:
        """The smallest box that holds the line."""
        left, top = min(p.left for p in self.pieces), min(p.top for p in self.pieces)
        right, bottom = max(p.right for p in self.pieces), max(p.bottom for p in self.pieces)
        return Box(left, top, right - left, bottom - top)

    @property
    def promise(self) -> float:
        """How likely the line is text before anything is named: many tall pieces, few doubts about how to cut them."""
        return self.height * len(self.pieces) ** 2 / len(self.candidates)


@dataclass(frozen=True, slots=True, eq=False)
class _Blob:
    """Ink pieces that stand above each other and so belong to one or more touching characters."""

    box: Box
    mask: Image  # (height, width) of the box, ink 255


def build(
    picture: Image, components: Components, rows: npt.NDArray[np.intp], polarity: Polarity
) -> CandidateLine:
    """Make the lattice of one line.

    Args:
        picture: uint8, shape ``(H, W, 3)``.
        components: Pieces of ink.
        rows: The line's full-height pieces, left to right.
        polarity: Of the ink.

    Returns:
        The line with all its candidates.
    """
    blobs = _blobs(components, rows)
    height = float(np.median([blob.box.height for blob in blobs]))
    pieces: list[Box] = []
    spans: list[tuple[int, int, bool]] = []
    masks: list[Image] = []
    blob_spans: list[tuple[int, int]] = []
    for blob in blobs:
        cuts = [0, *_cuts(blob, height), blob.box.width]
        start = len(pieces)
        for left, right in itertools.pairwise(cuts):
            box, mask = _tight(blob.box, blob.mask, left, right)
            pieces.append(box)
            masks.append(mask)
        stop = len(pieces)
        blob_spans.append((start, stop))
        spans += _spans(pieces, start, stop, height)
    spans += _joins(pieces, blob_spans, height)
    candidates = [_candidate(picture, pieces, masks, span, polarity) for span in sorted(set(spans))]
    return CandidateLine(tuple(candidates), tuple(pieces), height, polarity)


def _blobs(components: Components, rows: npt.NDArray[np.intp]) -> list[_Blob]:
    """Join each full-height piece with what stands above or below it: dots of i and j, broken strokes."""
    line = components.take(rows)
    height = float(np.median(line.height))
    top, bottom = float(np.median(line.top)), float(np.median(line.bottom))
    members = set(rows.tolist())
    near = (components.bottom > top - 0.6 * height) & (components.top < bottom + 0.1 * height)
    near &= (components.right > line.left.min()) & (components.left < line.right.max())
    near &= (components.height < 0.6 * height) & (components.width < 1.2 * height)
    near &= components.area >= max(4.0, 0.004 * height * height)
    small = [row for row in np.flatnonzero(near).tolist() if row not in members]
    groups: list[list[int]] = [[row] for row in rows.tolist()]
    for row in small:
        owner = max(groups, key=lambda g: _shared_width(components, g[0], row))
        if _shared_width(components, owner[0], row) >= 0.5 * components.width[row] and _above(
            components, owner[0], row
        ):
            owner.append(row)
    merged: list[list[int]] = []
    for group in groups:
        if merged and _stacked(components, merged[-1], group):
            merged[-1] += group
        else:
            merged.append(group)
    return [_blob(components, group) for group in merged]


def _shared_width(components: Components, first: int, second: int) -> int:
    right = min(components.right[first], components.right[second])
    return int(right - max(components.left[first], components.left[second]))


def _above(components: Components, owner: int, row: int) -> bool:
    """A dot stands above its stem; broken parts overlap it; commas and underlines below belong to nobody."""
    top, height = components.top[owner], components.height[owner]
    return bool(top - MAX_DOT_GAP * height <= components.bottom[row] <= top + 0.75 * height)


def _stacked(components: Components, group: list[int], other: list[int]) -> bool:
    """Whether two groups share most of the narrower one's columns."""
    left = max(min(components.left[group]), min(components.left[other]))
    right = min(max(components.right[group]), max(components.right[other]))
    widths = [max(components.right[g]) - min(components.left[g]) for g in (group, other)]
    return bool(right - left >= 0.6 * min(widths))


def _blob(components: Components, group: list[int]) -> _Blob:
    left, top = int(components.left[group].min()), int(components.top[group].min())
    right, bottom = int(components.right[group].max()), int(components.bottom[group].max())
    window = components.map[top:bottom, left:right]
    ids = components.ids[group]
    ink = window == ids[0]
    for number in ids[1:]:
        ink |= window == number
    return _Blob(Box(left, top, right - left, bottom - top), np.where(ink, np.uint8(255), np.uint8(0)))


def _cuts(blob: _Blob, height: float) -> list[int]:
    """Columns at which a wide blob may be cut: where its ink is thin, far enough apart."""
    width = blob.box.width
    if width < 0.6 * height or width > 40 * height:
        return []
    # A column through a bowl crosses two strokes: only blobs too wide for one character may be cut there.
    strokes = (np.diff((blob.mask > 0).astype(np.int8), axis=0, prepend=0) == 1).sum(axis=0)
    most = 1 if width <= WIDE * height else 2
    ink = cv2.blur((blob.mask > 0).sum(axis=0).astype(np.float32)[None], (3, 1))[0]
    distance = max(2, round(MIN_CUT_DISTANCE * height))
    limit = min(0.5 * height, float(ink.max()) * 0.7)
    cuts: list[int] = []
    for column in np.argsort(ink, kind="stable").tolist():
        if ink[column] > limit or len(cuts) >= 2 + 2 * width / height:
            break
        if (
            strokes[column] <= most
            and distance <= column <= width - distance
            and all(abs(column - cut) >= distance for cut in cuts)
        ):
            cuts.append(column)
    return sorted(cuts)


def _tight(box: Box, mask: Image, left: int, right: int) -> tuple[Box, Image]:
    """The ink of some columns of a blob, cut to its own height."""
    part = mask[:, left:right]
    found = np.flatnonzero(part.any(axis=1))
    top, bottom = (int(found[0]), int(found[-1]) + 1) if len(found) else (0, box.height)
    return Box(box.left + left, box.top + top, right - left, bottom - top), part[top:bottom]


def _spans(pieces: list[Box], start: int, stop: int, height: float) -> list[tuple[int, int, bool]]:
    """All runs of a blob's pieces that could be one character; the whole blob is the plain reading when it can be."""
    whole = pieces[stop - 1].right - pieces[start].left
    plain = stop - start == 1 or whole <= WIDE * height
    spans = []
    for first in range(start, stop):
        for last in range(first + 1, stop + 1):
            width = pieces[last - 1].right - pieces[first].left
            if last - first == 1 or width <= MAX_CHARACTER * height:
                spans.append((first, last, last - first == stop - start if plain else True))
    return spans


def _joins(pieces: list[Box], blobs: list[tuple[int, int]], height: float) -> list[tuple[int, int, bool]]:
    """Neighbouring blobs that could be one broken character."""
    joins = []
    for index, (first, _) in enumerate(blobs):
        for before, after in itertools.pairwise(blobs[index : index + MAX_PARTS]):
            left, right = pieces[before[1] - 1], pieces[after[0]]
            if right.left - left.right > MAX_JOIN_GAP * height:
                break
            if pieces[after[1] - 1].right - pieces[first].left > MAX_JOINED * height:
                break
            joins.append((first, after[1], False))
    return joins


def _candidate(
    picture: Image, pieces: list[Box], masks: list[Image], span: tuple[int, int, bool], polarity: Polarity
) -> Candidate:
    first, last, primary = span
    box = pieces[first]
    for piece in pieces[first + 1 : last]:
        box = box.union(piece)
    parts = list(zip(pieces[first:last], masks[first:last], strict=True))
    return Candidate(box, functools.partial(_glyph, picture, box, parts, polarity), first, last, primary)


def _glyph(picture: Image, box: Box, parts: list[tuple[Box, Image]], polarity: Polarity) -> Glyph:
    """Cut a candidate out of the picture with a margin of paper; its binary form holds its own ink alone."""
    margin = max(1, round(MARGIN * max(box.height, box.width)))
    top, left = max(0, box.top - margin), max(0, box.left - margin)
    bottom, right = min(picture.shape[0], box.bottom + margin), min(picture.shape[1], box.right + margin)
    binary = np.zeros((bottom - top, right - left, 1), np.uint8)
    for piece, mask in parts:
        window = binary[piece.top - top : piece.bottom - top, piece.left - left : piece.right - left, 0]
        np.maximum(window, mask, out=window)
    return Glyph(picture[top:bottom, left:right], binary, polarity)
