"""The best texts that an automaton accepts, read from posteriors over time: best first and exact.

A text's score is that of its best way through the steps (``ctc``). The best scores to the end are found first (Viterbi,
backwards, over the product of automaton and CTC: each state on each last label, or on a blank). They guide a best-first
search over texts (A*), which then never looks at a beginning that leads to none of the texts asked for.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge.decode.automaton import Automaton, anything
from ocr_edge.decode.ctc import Emissions, Floats, Ways, extend, root
from ocr_edge.decode.search import Path

LIMIT = 2000
"""How many texts are tried for one with a right check digit; ``search.best`` tries as many."""


@dataclass(frozen=True, slots=True)
class Legal:
    """The text that a search for a legal one ended with.

    Attributes:
        path: It; where ``stands`` is false, the likeliest legal one.
        behind: Nats by which the best of all texts, legal or not, is likelier; where ``stands``, at most so many.
        stands: Whether it passes the check and is likely enough.
    """

    path: Path
    behind: float
    stands: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """Beginnings of texts that differ in their last label only, best first.

    Attributes:
        text: What they have in common.
        labels: Their last labels.
        states: Where these lead.
        bounds: The best score of a text that begins so.
        ways: Theirs; column ``columns[i]`` belongs to the i-th of them.
        columns: See ``ways``.
    """

    text: tuple[int, ...]
    labels: list[int]
    states: list[int]
    bounds: list[float]
    ways: Ways
    columns: list[int]


class Ahead:
    """Best scores to the end, from every place.

    Args:
        emissions: What each step says, at least one.
        automaton: Which texts are legal.

    Attributes:
        used: Labels that stand in any legal text, ``K`` of them.
        best: Score of the best legal text; ``-inf`` where none has room in the steps.
    """

    def __init__(self, emissions: Emissions, automaton: Automaton) -> None:
        self.used = np.flatnonzero((automaton.next >= 0).any(axis=0))
        self.table = automaton.next[:, self.used]
        states, labels = self.table.shape
        # One row more than there are states: -1, where a label may not stand, leads there.
        places = np.where(self.table >= 0, self.table, states) * labels + np.arange(labels)
        rows = np.arange(states)
        enter, stay = emissions.enter[:, self.used], emissions.stay[:, self.used]
        on = np.full((states + 1, labels), -np.inf)
        on[:-1][automaton.accepting] = 0.0
        off = np.where(automaton.accepting, 0.0, -np.inf)
        # Single precision does for a bound: on long lines and large patterns this is the one large array.
        self._on = np.empty((len(enter), states, labels), np.float32)
        for step in range(len(enter) - 1, -1, -1):
            self._on[step] = on[:-1]
            entered = on.take(places) + enter[step]
            first = entered.argmax(axis=1)
            top = entered[rows, first]
            # From a label, any but itself can follow at once.
            entered[rows, first] = -np.inf
            other = np.repeat(top[:, None], labels, axis=1)
            other[rows, first] = entered.max(axis=1)
            silent = emissions.blank[step] + off
            on[:-1] = np.maximum(np.maximum(stay[step] + on[:-1], silent[:, None]), other)
            off = np.maximum(silent, top)
        self.best = float(off[automaton.start])

    def bounds(self, ways: Ways, state: int, columns: npt.NDArray[np.intp]) -> Floats:
        """Best scores of the legal texts that begin in these ways: from a state by the labels of these columns."""
        return np.asarray((ways.entered + self._on[:, self.table[state, columns], columns]).max(axis=0))


def n_best(emissions: Emissions, automaton: Automaton) -> Iterator[Path]:
    """Give the legal texts, each once, by falling score of its best way.

    Args:
        emissions: What each step says.
        automaton: Which texts are legal.

    Yields:
        Texts; ``edges`` stays empty. None at all where no legal text has room in the steps.
    """
    if not len(emissions.blank):
        return
    ahead = Ahead(emissions, automaton)
    order = itertools.count()
    heap: list[tuple[float, int, _Found | tuple[int, ...], int]] = []

    def open_up(text: tuple[int, ...], state: int, ways: Ways) -> None:
        if automaton.accepting[state] and (whole := max(ways.on[-1, 0], ways.off[-1, 0])) > -np.inf:
            heapq.heappush(heap, (-float(whole), next(order), text, 0))
        columns = np.flatnonzero(ahead.table[state] >= 0)
        if not len(columns):
            return
        longer = extend(emissions, ways, text[-1] if text else -1, ahead.used[columns], np.maximum)
        bounds = ahead.bounds(longer, state, columns)
        best = np.argsort(-bounds, kind="stable")[: np.count_nonzero(bounds > -np.inf)]
        if len(best):
            known = columns[best]
            found = _Found(
                text,
                ahead.used[known].tolist(),
                ahead.table[state, known].tolist(),
                bounds[best].tolist(),
                longer,
                best.tolist(),
            )
            heapq.heappush(heap, (-found.bounds[0], next(order), found, 0))

    open_up((), automaton.start, root(emissions))
    while heap:
        score, _, found, rank = heapq.heappop(heap)
        if not isinstance(found, _Found):
            yield Path(-score, (), found)
            continue
        if rank + 1 < len(found.bounds):
            heapq.heappush(heap, (-found.bounds[rank + 1], next(order), found, rank + 1))
        text = (*found.text, found.labels[rank])
        open_up(text, found.states[rank], found.ways.only(found.columns[rank]))


def free_score(emissions: Emissions) -> float:
    """Score of the best way to write any text.

    Args:
        emissions: What each step says, at least one.
    """
    return Ahead(emissions, anything(emissions.enter.shape[1])).best


def legal(
    emissions: Emissions,
    automaton: Automaton,
    is_right: Callable[[Path], bool],
    margin: float,
    limit: int = LIMIT,
) -> Legal | None:
    """The best legal text that passes a check, if the picture does not speak against it by too much.

    Args:
        emissions: What each step says.
        automaton: Which texts are legal.
        is_right: Says whether a text passes.
        margin: Nats by which the best of all texts, legal or not, may be likelier.
        limit: How many texts are tried.

    Returns:
        It; one that does not stand where none of the ``limit`` best passes, or a text that is not legal is likelier by
        more; None where no legal text has room in the steps.
    """
    # No text scores more than the loudest of every step; mostly that settles it.
    free = (
        float(np.maximum(emissions.stay.max(axis=1), emissions.blank).sum()) if len(emissions.blank) else 0.0
    )
    exact = False
    first: Path | None = None
    for path in itertools.islice(n_best(emissions, automaton), limit):
        if free - path.score > margin and not exact:
            free, exact = free_score(emissions), True
        first = first or path
        if free - path.score > margin:
            break
        if is_right(path):
            return Legal(path, max(0.0, free - path.score), True)
    return None if first is None else Legal(first, max(0.0, free - first.score), False)
