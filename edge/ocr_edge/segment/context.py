"""What a line says about its characters beyond each one's picture: how they stand, and which words they make. Pure."""

import itertools
from collections.abc import Sequence

import numpy as np

from ocr_edge.contract import confusables
from ocr_edge.contract.types import Box, Scores
from ocr_edge.decode.language import WORDS, Language
from ocr_edge.segment import line_fit
from ocr_edge.segment.lattice import Graph

WORD_GAP, WIDER = 0.32, 0.22
"""Gap between words, in line heights: at least so wide, and so much wider than the line's median gap."""
WAYS, WITHIN = 12, 3.0
"""How many ways through a line are compared by their words and geometry, and how many nats behind the best."""
ENGLISH = 0.1
"""How many words are English where ways are compared: a way must not win by a word that anything could spell."""
GEOMETRY = 0.2
"""Weight of the geometry where ways are compared; handwritten digits are of any height."""


class Context:
    """The line around a character.

    Args:
        labels: The texts that scores stand for.
        words: Whether neighbours in a word make each other likelier: words look like words, codes like codes.
        geometry: Whether a character's size and place in its line say something about its name.
    """

    def __init__(self, labels: Sequence[str], *, words: bool = True, geometry: bool = True) -> None:
        self._labels = labels
        self._language = Language(labels, WORDS) if words else None
        self._geometry = geometry
        self._twins = confusables.groups(labels, confusables.TWINS)

    def other_way(self, graph: Graph) -> list[int] | None:
        """Of the likeliest ways through a line, the one with the likeliest words and geometry.

        Returns:
            The nodes to read, left to right; None where it is the one that the picture alone makes likeliest.
        """
        likely = graph.ways(WAYS, WITHIN) if self._language or self._geometry else []
        if len(likely) < 2:
            return None
        ways = [way for way, _ in likely]
        totals = np.array([nats for _, nats in likely])
        scores = confusables.doubted(graph.scores, self._twins)
        if self._geometry:
            totals += GEOMETRY * line_fit.agreements(scores, graph.boxes, self._labels, ways)
        if self._language:
            totals += self._likeness(graph, scores, ways, self._language)
        chosen = int(np.argmax(totals))
        return ways[chosen] if chosen else None

    @staticmethod
    def _likeness(graph: Graph, scores: Scores, ways: Sequence[list[int]], language: Language) -> list[float]:
        """How much likelier each way's words are than if every word were a code, in nats."""
        likeness: dict[tuple[int, ...], float] = {}
        totals = []
        for way in ways:
            total = 0.0
            spaces = space_before([graph.boxes[node] for node in way], graph.height)
            for first, last in language.words(scores[way], spaces):
                word = tuple(way[first:last])
                if word not in likeness:
                    likeness[word] = language.likeness(scores[list(word)], ENGLISH)
                total += likeness[word]
            totals.append(total)
        return totals

    def placed(self, scores: Scores, boxes: Sequence[Box]) -> Scores:
        """Log-probabilities, ``(N, L)``, with what the line's geometry says."""
        if not self._geometry or len(boxes) < 2:
            return scores
        return line_fit.with_geometry(confusables.doubted(scores, self._twins), boxes, self._labels)

    def worded(self, scores: Scores, spaces: Sequence[bool]) -> Scores:
        """Log-probabilities, ``(N, L)``, with what neighbours say; ``spaces``: whether a gap stands before each."""
        return self._language.with_language(scores, spaces) if self._language else scores


def space_before(boxes: Sequence[Box], height: float) -> list[bool]:
    """Whether a word gap stands before each character of a line.

    A gap is one between words when it is wide against the line's height and against its other gaps.
    """
    gaps = np.array([b.left - a.right for a, b in itertools.pairwise(boxes)], float)
    if not len(gaps):
        return [False] * len(boxes)
    limit = max(WORD_GAP * height, float(np.median(gaps)) + WIDER * height)
    return [False, *(gaps > limit).tolist()]
