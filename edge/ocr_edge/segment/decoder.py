"""From a line's scored candidates to its reading: best way, line geometry, neighbours, the owner's pattern. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ocr_edge.contract import confusables
from ocr_edge.contract.types import Box, Scores
from ocr_edge.decode import search
from ocr_edge.decode.automaton import anything
from ocr_edge.decode.doubt import Meaning, Rivals
from ocr_edge.decode.pattern import MIN_MARGIN, Pattern, Refused, allowed
from ocr_edge.decode.search import Edge
from ocr_edge.layout.selection import RatedLine
from ocr_edge.reading import READABLE, UNREADABLE, Character, Line
from ocr_edge.segment.context import Context, space_before
from ocr_edge.segment.lattice import Graph, Scored
from ocr_edge.trace import OFF, Trace

LEAST_INFORMED = 4.0
"""Nats by which geometry and neighbours may make a label less likely than it looks, where a pattern is known."""
MAX_LINKS = 2.5
"""Nats that a link may cost for a pattern to be followed over it."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A line cut into characters: a note for a trace, and part of what is read.

    Attributes:
        graph: All ways to read it.
        way: Its nodes on the way that was read, from left to right; without a reading, on the way that looks likeliest.
        steps: By name, the log-probabilities of the characters on the way, ``(N, labels)``: what the picture says, then
            what each further step made of it. The last one named them.
        behind: Nats by which the picture prefers something else to what the pattern allows; None where no pattern is.
        refused: What the pattern made of it, where it left no reading.
    """

    graph: Graph
    way: Sequence[int]
    steps: Mapping[str, Scores]
    behind: float | None = None
    refused: Refused | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CutLine(RatedLine):
    """A line that was read by cutting it.

    Attributes:
        cut: How it was cut.
    """

    cut: Cut


class Decoder:
    """Reads lines.

    Args:
        labels: The texts that scores stand for.
        pattern: What every line must match; None for anything.
        min_margin: Nats by which the pattern may overrule the picture.
        context: Whether neighbours in a word make each other likelier: words look like words, codes like codes.
        geometry: Whether a character's size and place in its line say something about its name.
        meaning: What texts stand for, where lines are numbers: with a pattern, what speaks against them is looked for.
    """

    def __init__(
        self,
        labels: Sequence[str],
        pattern: Pattern | None = None,
        *,
        min_margin: float = MIN_MARGIN,
        context: bool = True,
        geometry: bool = True,
        meaning: Meaning | None = None,
    ) -> None:
        self._labels = tuple(labels)
        self._pattern = pattern
        self._min_margin = min_margin
        self._context = Context(labels, words=context, geometry=geometry)
        self._shapes = confusables.groups(labels)
        self._free = anything(len(labels))
        self._rivals = Rivals(meaning, labels) if meaning and pattern else None

    def sureness(self, scores: Scores) -> npt.NDArray[np.float32]:
        """Log-probability of each glyph's likeliest shape, float32, shape ``(N,)``."""
        return confusables.sureness(scores, self._shapes)

    def decode(self, guesses: Sequence[Scored], trace: Trace = OFF) -> CutLine | None:
        """Read one line.

        Args:
            guesses: The line as found in one or several guesses at the ink.
            trace: Is told how it was cut where the pattern leaves no reading.

        Returns:
            Its reading; None when it has none, or none that the pattern allows.
        """
        graph = Graph(guesses)
        if self._pattern:
            return self._legal([graph], self._pattern, trace)
        way, _ = graph.best()
        return self._read(graph, way) if way else None

    def compared(self, reading: RatedLine) -> RatedLine:
        """A line read again: words and geometry choose among the likeliest ways to cut it, where no pattern does.

        Args:
            reading: What ``decode`` reads.
        """
        if self._pattern or not isinstance(reading, CutLine):
            return reading
        way = self._context.other_way(reading.cut.graph)
        return self._read(reading.cut.graph, way) if way else reading

    def _read(self, graph: Graph, way: list[int]) -> CutLine:
        boxes, scores = [graph.boxes[node] for node in way], graph.scores[way]
        spaces = space_before(boxes, graph.height)
        placed = self._context.placed(scores, boxes)
        named = self._context.worded(placed, spaces)
        cut = Cut(graph, way, {"picture": scores, "geometry": placed, "neighbours": named})
        return self._rated(named, boxes, spaces, np.exp(graph.sure[way]), cut)

    def _informed(self, scores: Scores, boxes: Sequence[Box], spaces: Sequence[bool]) -> Scores:
        """Log-probabilities with what the line's geometry and the neighbours say."""
        return self._context.worded(self._context.placed(scores, boxes), spaces)

    def join(self, rows: Sequence[Sequence[Scored]]) -> RatedLine | None:
        """Read several lines as one text; the pattern is searched in all of them together.

        Args:
            rows: Each line, in reading order, as found in one or several guesses at the ink.

        Returns:
            One line, a space before each of its rows but the first; None when the pattern allows none.

        Raises:
            ValueError: There is no pattern.
        """
        if self._pattern is None:
            raise ValueError("no pattern: lines are joined as they are read")
        return self._legal([Graph(guesses) for guesses in rows], self._pattern, OFF)

    def _legal(self, graphs: Sequence[Graph], pattern: Pattern, trace: Trace) -> CutLine | None:
        """The best reading that the pattern allows, if the picture does not speak against it by too much."""
        edges: list[Edge] = []
        nodes: list[tuple[int, int]] = []
        chances: dict[int, Scores] = {}
        stop = 0
        for number, graph in enumerate(graphs):
            # Half of a look-alike's chance is its own: O for 0 costs little, B for 0 much.
            together = np.exp(graph.scores) @ self._shapes @ self._shapes.T
            chance = np.log(0.5 * np.exp(graph.scores) + 0.5 * together + 1e-9).astype(np.float32)
            own, read = _edges(graph, graph.gains(chance).astype(np.float32))
            # A graph that begins where the one before ends: a text goes through all of them.
            edges += [Edge(edge.first + stop, edge.last + stop, edge.scores) for edge in own]
            nodes += [(number, node) for node in read]
            chances[number] = chance
            stop += len(graph) + 1
        legal = pattern.best(edges, stop) if edges else None
        free = search.best(edges, stop, self._free, None, self._labels) if edges else None
        if legal is None or free is None or free.score - legal.score > self._min_margin:
            if free is not None and free.score > 0:
                text, behind = "", np.inf
                if legal is not None:
                    text, behind = legal.text(self._labels), free.score - legal.score
                seen = [nodes[edge][1] for edge in free.edges if nodes[edge][0] == 0]
                refused = Refused(text, behind, self._min_margin)
                trace.add(Cut(graphs[0], seen, {"picture": graphs[0].scores[seen]}, behind, refused))
            return None
        ways = [[nodes[e][1] for e in legal.edges if nodes[e][0] == number] for number in range(len(graphs))]
        boxes, spaces, informed, plain = [], [], [], []
        for number, (graph, way) in enumerate(zip(graphs, ways, strict=True)):
            own_boxes = [graph.boxes[node] for node in way]
            own_spaces = list(space_before(own_boxes, graph.height))
            # Between look-alikes, the line decides: the same cut, named again with all that is known.
            rows = self._informed(graph.scores[way], own_boxes, own_spaces)
            informed.append(np.maximum(rows, chances[number][way] - LEAST_INFORMED))
            plain.append(chances[number][way])
            boxes += own_boxes
            spaces += [True, *own_spaces[1:]] if number else own_spaces
        again = [Edge(place, place + 1, row) for place, row in enumerate(np.concatenate(informed))]
        picked, legal = legal, pattern.best(again, len(again)) or legal
        named = np.concatenate(plain)
        scores = np.where(allowed(pattern, legal), named, -np.inf).astype(np.float32)
        sure = np.exp(named[np.arange(len(named)), list(legal.labels)])
        behind = max(0.0, free.score - picked.score)
        # Of several rows, the first stands for what was cut: nobody asks to see them.
        cut = Cut(graphs[0], ways[0], {"picture": graphs[0].scores[ways[0]], "pattern": scores}, behind)
        rated = self._rated(scores, boxes, spaces, sure, cut, legal.labels)
        if self._rivals is None:
            return rated
        rivals = search.n_best(edges, stop, self._rivals.automaton)
        doubt = self._rivals.among(legal.text(self._labels), picked.score, rivals)
        return replace(rated, line=replace(rated.line, doubt=doubt))

    def _rated(
        self,
        scores: Scores,
        boxes: Sequence[Box],
        spaces: Sequence[bool],
        sure: npt.NDArray[np.float32],
        cut: Cut,
        said: Sequence[int] | None = None,
    ) -> CutLine:
        best = scores.argmax(axis=1) if said is None else said
        characters = []
        for row, box, space, label in zip(scores, boxes, spaces, best, strict=True):
            others = [
                i for i in np.argsort(-row, kind="stable")[:3].tolist() if i != label and row[i] > -np.inf
            ][:2]
            alternatives = tuple((self._labels[i], float(np.exp(row[i]))) for i in (label, *others))
            text, confidence = alternatives[0]
            if said is None and confidence < READABLE:
                text = UNREADABLE
            characters.append(Character(text, confidence, box, alternatives, row, space, self._labels))
        return CutLine(Line(tuple(characters)), sure, cut)


def _edges(graph: Graph, gains: Scores) -> tuple[list[Edge], list[int]]:
    """A graph as a lattice, and the node that each of its edges reads.

    Places are "just before node ``n``", numbered from 1; 0 is the start and one more than all nodes the end. An edge
    reads the node it begins at and leads on to the next; those from the start read their node too.
    """
    edges: list[Edge] = []
    nodes: list[int] = []
    stop = len(graph) + 1

    def add(first: int, last: int, node: int, extra: float) -> None:
        edges.append(Edge(first, last, gains[node] + np.float32(extra)))
        nodes.append(node)

    for node in range(len(graph)):
        add(node + 1, stop, node, graph.end[node])
        add(0, stop, node, graph.start[node] + graph.end[node])
        for before, gain in zip(*graph.links(node), strict=True):
            if gain >= -MAX_LINKS:
                add(int(before) + 1, node + 1, int(before), float(gain))
                add(0, node + 1, int(before), float(gain) + graph.start[before])
    return edges, nodes
