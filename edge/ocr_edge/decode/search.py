"""The best texts through a lattice of scored candidates that an automaton accepts, best first and exact."""

import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge.decode.automaton import Automaton


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """A candidate for one character.

    Attributes:
        first: Position in the line it begins at.
        last: Position it ends at, above ``first``.
        scores: float32, shape ``(labels,)``: natural logarithms, all costs already in them; -inf or NaN for a label
            that it cannot be.
    """

    first: int
    last: int
    scores: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Path:
    """A text and the best way to cut it.

    Attributes:
        score: Sum of its edges' scores.
        edges: Indices of the edges, left to right.
        labels: The label each is read as.
    """

    score: float
    edges: tuple[int, ...]
    labels: tuple[int, ...]

    def text(self, labels: Sequence[str]) -> str:
        """What it says.

        Args:
            labels: The bundle's labels.
        """
        return "".join(labels[label] for label in self.labels)


@dataclass(frozen=True, slots=True)
class _Node:
    """A way from the start: where it is, what it has cost, and how it came here."""

    position: int
    state: int
    score: float
    prefix: int
    parent: "_Node | None" = None
    edge: int = -1
    label: int = -1


_Ways = tuple[list[float], list[int], list[int]]
"""Best scores to the end through each way on from a place, best first, with their edges and labels."""


def n_best(edges: Sequence[Edge], stop: int, automaton: Automaton) -> Iterator[Path]:
    """Give the accepted texts, each once and with its best edges, by falling score.

    The best scores to the end are found first (Viterbi, backwards). They guide a best-first search (A*), which then
    never looks at a beginning that leads to none of the texts asked for. Beginnings with the same text that end at the
    same place are joined.

    Args:
        edges: The lattice, in any order.
        stop: Position that a text must end at; it begins at 0.
        automaton: Which texts are legal.

    Yields:
        Texts; none at all when no legal one fits the lattice.

    Raises:
        ValueError: An edge leaves the lattice, goes backwards or has another number of scores than the automaton.
    """
    lattice = _Lattice(edges, stop, automaton)
    prefixes: dict[tuple[int, int], int] = {}
    seen: set[tuple[int, int]] = set()
    order = itertools.count()
    root = _Node(0, automaton.start, 0.0, -1)
    if stop == 0:
        if automaton.accepting[automaton.start]:
            yield Path(0.0, (), ())
        return
    # Each entry is the rank-th best way on from a node; the next one is put in only when this one is taken out.
    heap = [(-float(lattice.value[0, automaton.start]), next(order), root, 0)]
    while heap:
        _, _, node, rank = heapq.heappop(heap)
        # The best way on from a node is as good as the node itself, so it is followed without the heap.
        while True:
            ahead, by, labels = lattice.ways(node.position, node.state)
            if rank + 1 < len(ahead):
                heapq.heappush(heap, (-(node.score + ahead[rank + 1]), next(order), node, rank + 1))
            if rank >= len(ahead):
                break
            edge, label = by[rank], labels[rank]
            prefix = prefixes.setdefault((node.prefix, label), len(prefixes))
            place = (prefix, lattice.last[edge])
            if place in seen:
                break
            seen.add(place)
            state = int(automaton.next[node.state, label])
            score = node.score + float(lattice.scores[edge, label])
            node, rank = _Node(place[1], state, score, prefix, node, edge, label), 0
            if node.position == stop:
                yield _path(node)
                break


def best(
    edges: Sequence[Edge],
    stop: int,
    automaton: Automaton,
    check: Callable[[str], bool] | None,
    labels: Sequence[str],
    limit: int = 2000,
) -> Path | None:
    """The best legal text that passes a check.

    Args:
        edges: The lattice, see ``n_best``.
        stop: Position that a text must end at.
        automaton: Which texts are legal.
        check: Says whether a text's check digit is right; None where there is none.
        labels: The bundle's labels.
        limit: How many texts are tried.

    Returns:
        It; None when there is none among the ``limit`` best.
    """
    for path in itertools.islice(n_best(edges, stop, automaton), limit):
        if check is None or check(path.text(labels)):
            return path
    return None


class _Lattice:
    """Edges by where they begin, and the best score from every place to the end."""

    def __init__(self, edges: Sequence[Edge], stop: int, automaton: Automaton) -> None:
        states, labels = automaton.next.shape
        for i, edge in enumerate(edges):
            if not 0 <= edge.first < edge.last <= stop or edge.scores.shape != (labels,):
                raise ValueError(
                    f"edge {i} from {edge.first} to {edge.last} with scores {edge.scores.shape}, expected 0 <= "
                    f"first < last <= {stop} and {labels} scores"
                )
        self.next = automaton.next
        self.last = [edge.last for edge in edges]
        self.scores = np.array([edge.scores for edge in edges], np.float64).reshape(len(edges), labels)
        self.scores[np.isnan(self.scores)] = -np.inf
        self.out: list[list[int]] = [[] for _ in range(stop + 1)]
        for i, edge in enumerate(edges):
            self.out[edge.first].append(i)
        self._ways: dict[tuple[int, int], _Ways] = {}
        # One column more than there are states: -1, where a label may not stand, leads there.
        self.value = np.full((stop + 1, states + 1), -np.inf)
        self.value[stop, :-1][automaton.accepting] = 0.0
        for position in range(stop - 1, -1, -1):
            if at := self.out[position]:
                self.value[position, :-1] = self._ahead(at, self.next).max(axis=(0, 2))

    def ways(self, position: int, state: int) -> _Ways:
        """Every possible way on from a place, best first."""
        if (position, state) not in self._ways:
            at = self.out[position]
            ahead = self._ahead(at, self.next[state : state + 1])[:, 0].ravel() if at else np.empty(0)
            order = np.argsort(-ahead, kind="stable")[: np.count_nonzero(ahead > -np.inf)]
            row, label = np.divmod(order, self.next.shape[1])
            self._ways[position, state] = (
                ahead[order].tolist(),
                [at[i] for i in row.tolist()],
                label.tolist(),
            )
        return self._ways[position, state]

    def _ahead(self, at: list[int], table: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """Best scores to the end, shape ``(edges, states, labels)``, for edges that begin together."""
        after = self.value[[self.last[i] for i in at]]
        total: npt.NDArray[np.float64] = self.scores[at][:, None, :] + after[:, table]
        return total


def _path(node: _Node) -> Path:
    """The way that led to a node."""
    edges, labels = [], []
    score = node.score
    while node.parent is not None:
        edges.append(node.edge)
        labels.append(node.label)
        node = node.parent
    return Path(score, tuple(reversed(edges)), tuple(reversed(labels)))
