"""What the character stages made of a place: all ways to read it, the one taken, and the steps to its names."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ocr_edge.contract.types import Scores
from ocr_edge.layout.selection import RatedLine
from ocr_edge.recognize.places import Place
from ocr_edge.segment.context import Context, space_before
from ocr_edge.segment.lattice import Graph


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A line cut into characters.

    Attributes:
        graph: All ways to read it.
        reading: What the character stages read; None where that is nothing, or nothing that the pattern allows, or
            where the line stage was sure before they had to choose.
        way: The nodes of that, left to right; of the best way, where there is no reading.
        steps: ``(name, log-probabilities)`` of the characters on the way: what the picture says, then what each
            further step made of it.
    """

    graph: Graph
    reading: RatedLine | None
    way: list[int]
    steps: list[tuple[str, Scores]]

    def names(self, labels: Sequence[str]) -> list[str]:
        """What each character on the way was named in the end."""
        return [labels[label] for label in self.steps[-1][1].argmax(axis=1).tolist()]


class Cutter:
    """Tells what the character stages made of places.

    Args:
        labels: Their labels.
        has_pattern: Whether the pattern named the characters.
    """

    def __init__(self, labels: Sequence[str], *, has_pattern: bool) -> None:
        self._labels, self._has_pattern = labels, has_pattern
        self._context = Context(labels)

    def cut(self, place: Place) -> Cut | None:
        """What they made of a place; None where they were not asked."""
        if not place.guesses:
            return None
        graph = Graph(place.guesses)
        reading = place.cut if place.is_of_strip else place.reading
        way = _nodes(graph, reading, self._labels) if reading else graph.best()[0]
        steps = [("picture", graph.scores[way])]
        if reading is not None and self._has_pattern:
            rows = [character.log_probabilities for character in reading.line.characters]
            steps.append(("pattern", np.stack(rows)))
        elif way:
            steps += self._free_steps(graph, way)
        return Cut(graph, reading, way, steps)

    def _free_steps(self, graph: Graph, way: list[int]) -> list[tuple[str, Scores]]:
        """What geometry and neighbours say, as the decoder asks them."""
        boxes = [graph.boxes[node] for node in way]
        scores = self._context.placed(graph.scores[way], boxes)
        named = self._context.worded(scores, space_before(boxes, graph.height))
        return [("geometry", scores), ("neighbours", named)]


def _nodes(graph: Graph, item: RatedLine, labels: Sequence[str]) -> list[int]:
    """The nodes of a reading's characters: those with their box that are as sure, and of these the likeliest."""
    nodes: list[int] = []
    for character, sure in zip(item.line.characters, item.sure, strict=True):
        known = character.text in labels
        label = labels.index(character.text) if known else int(character.log_probabilities.argmax())
        same = [node for node, box in enumerate(graph.boxes) if box == character.box]
        as_sure = [node for node in same if np.isclose(np.exp(graph.sure[node]), sure)]
        nodes.append(max(as_sure or same, key=lambda node: graph.scores[node, label]))
    return nodes
