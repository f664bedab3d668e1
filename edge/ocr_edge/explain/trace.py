"""What a pipeline did with a picture, kept: guesses at the ink, places, their graphs, and why each was said or not."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from ocr_edge.bundle import Bundle
from ocr_edge.contract.types import Box, Image, Scores
from ocr_edge.decode.context import Context, space_before
from ocr_edge.decode.decoder import MIN_MARGIN
from ocr_edge.decode.graph import Graph
from ocr_edge.decode.patterns import Pattern
from ocr_edge.explain.verdict import NO_CHARACTER, SAID, Judge
from ocr_edge.layout import RatedLine
from ocr_edge.pipeline import Pipeline
from ocr_edge.places import Place
from ocr_edge.reading import Character, Line
from ocr_edge.regions.rectify import moved
from ocr_edge.segment import CandidateLine
from ocr_edge.segment.segmenter import Guess, Segmenter, is_crop
from ocr_edge.stopwatch import Stopwatch


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One segmentation: of the picture, of a panel in it, of one of them turned straight.

    Attributes:
        picture: What was segmented.
        guesses: At its ink, as far as they were needed.
    """

    picture: Image
    guesses: list[Guess]


@dataclass(frozen=True, slots=True)
class Recorder(Segmenter):
    """A segmenter that keeps what it found.

    Attributes:
        looks: In order.
    """

    looks: list[Look] = field(default_factory=list)

    def guesses(self, image: Image) -> Iterator[Guess]:
        """The segmenter's guesses."""
        self.looks.append(look := Look(image, []))
        for guess in Segmenter.guesses(self, image):
            look.guesses.append(guess)
            yield guess


@dataclass(frozen=True, slots=True, eq=False)
class PlaceTrace:
    """One place and what became of it.

    Attributes:
        number: From 1, the best first; the same in all pictures.
        look: Where it was found.
        box: Where it stands, in pixels of the whole picture.
        place: Its guesses and its reading.
        graph: All ways to read it.
        way: The nodes of its reading, left to right; of its best reading, if the pattern allows none.
        steps: ``(name, log-probabilities)`` of the characters on the way: what the picture says, then what each
            further step made of it.
        verdict: ``said``, or why it is not.
    """

    number: int
    look: Look
    box: Box
    place: Place
    graph: Graph
    way: list[int]
    steps: list[tuple[str, Scores]]
    verdict: str

    def text(self, labels: Sequence[str]) -> str:
        """What was read, in quotes; for a place that the pattern left without a reading, what it looks like."""
        if self.place.reading:
            return f'"{self.place.reading.line.text}"'
        looks = "".join(labels[label] for label in self.steps[-1][1].argmax(axis=1).tolist())
        return f'(no reading, looks like "{looks}")' if looks else "(no reading)"


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What a pipeline did with one picture.

    Attributes:
        picture: The whole picture.
        looks: Those that led to a place; all where none did.
        places: Best first.
        labels: What scores stand for.
        canvas: ``(height, width)`` of the network's inputs.
    """

    picture: Image
    looks: Sequence[Look]
    places: Sequence[PlaceTrace]
    labels: tuple[str, ...]
    canvas: tuple[int, int]

    def used(self, guess: Guess) -> list[CandidateLine]:
        """The lines of a guess that were named and have something like a character in them."""
        told = [item for item in self.places if item.verdict != NO_CHARACTER]
        named = {id(scored.line) for item in told for scored in item.place.guesses}
        return [line for line in guess.lines if id(line) in named]

    def name(self, look: Look) -> str:
        """What was looked at, in words."""
        height, width = look.picture.shape[:2]
        size = f"{width} x {height} pixels"
        if look.picture is self.picture:
            return f"the picture, {size}"
        # A turned picture is larger, so that nothing is cut off.
        if look.picture.size >= self.picture.size:
            return f"the picture turned straight, {size}"
        return f"a panel cut out of the picture, {size}"


class TracedPipeline(Pipeline):
    """A pipeline that remembers how it came to its last reading; the arguments are those of ``Pipeline``."""

    def __init__(
        self,
        bundle: Bundle,
        pattern: Pattern | None = None,
        min_confidence: float = 0.5,
        *,
        min_margin: float = MIN_MARGIN,
        segmenter: Segmenter | None = None,
        limit_s: float = math.inf,
    ) -> None:
        inner = segmenter or Segmenter()
        self._recorder = Recorder(**{item.name: getattr(inner, item.name) for item in fields(Segmenter)})
        super().__init__(
            bundle,
            pattern,
            min_confidence,
            min_margin=min_margin,
            segmenter=self._recorder,
            limit_s=limit_s,
        )
        self._pattern = pattern
        self._canvas = bundle.manifest.characters[0].inputs["rgb"][:2]
        self._judge = Judge(self.labels, pattern, min_confidence, min_margin)
        self._context = Context(self.labels)
        self._picture: Image = np.zeros((1, 1, 3), np.uint8)
        self._places: list[Place] = []

    def find(self, image: Image, watch: Stopwatch) -> list[Place]:
        """As every pipeline does; what was found is kept."""
        self._recorder.looks.clear()
        self._picture, self._places = image, super().find(image, watch)
        return self._places

    def trace(self) -> Trace:
        """How the last reading came to be."""
        looks = list(self._recorder.looks)
        by_line = {id(line): look for look in looks for guess in look.guesses for line in guess.lines}
        seen = [place.seen_in(self._picture.shape[:2]) for place in self._places]
        scene = not is_crop(self._picture.shape[:2])
        verdicts = [
            self._judge.verdict(place, item, seen, scene=scene)
            for place, item in zip(self._places, seen, strict=True)
        ]
        order = sorted(
            range(len(seen)), key=lambda i: (verdicts[i] == SAID, _worth(self._places[i])), reverse=True
        )
        places = []
        for number, index in enumerate(order, 1):
            place, item = self._places[index], seen[index]
            box = item.line.box if item else self._box(place)
            look = by_line[id(place.guesses[0].line)]
            places.append(PlaceTrace(number, look, box, place, *self._way(place), verdicts[index]))
        led = [look for look in looks if any(item.look is look for item in places)]
        return Trace(self._picture, led or looks, places, self.labels, self._canvas)

    def _box(self, place: Place) -> Box:
        """Where a place without reading stands in the whole picture."""
        if place.back is None:
            return place.box
        return moved(Line((Character("", 0.0, place.box),)), place.back, self._picture.shape[:2]).box

    def _way(self, place: Place) -> tuple[Graph, list[int], list[tuple[str, Scores]]]:
        """The graph of a place, the nodes of its reading, and the steps from their scores to their names."""
        graph = Graph(place.guesses)
        way = _nodes(graph, place.reading, self.labels) if place.reading else graph.best()[0]
        steps = [("picture", graph.scores[way])]
        if place.reading is not None and self._pattern is not None:
            rows = [character.log_probabilities for character in place.reading.line.characters]
            steps.append(("pattern", np.stack(rows)))
        elif way:
            steps += self._free_steps(graph, way)
        return graph, way, steps

    def _free_steps(self, graph: Graph, way: list[int]) -> list[tuple[str, Scores]]:
        """What geometry and neighbours say, as the decoder asks them."""
        boxes = [graph.boxes[node] for node in way]
        scores = self._context.placed(graph.scores[way], boxes)
        named = self._context.worded(scores, space_before(boxes, graph.height))
        return [("geometry", scores), ("neighbours", named)]


def _worth(place: Place) -> tuple[bool, float]:
    if place.reading:
        return True, place.reading.value
    return False, max(guess.line.promise for guess in place.guesses)


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
