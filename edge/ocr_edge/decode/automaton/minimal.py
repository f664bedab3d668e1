"""The smallest automaton that accepts the same, and how long its texts are."""

import numpy as np
import numpy.typing as npt

from ocr_edge.decode.automaton.subsets import Table


def minimal(accepting: npt.NDArray[np.bool_], table: npt.NDArray[np.int32]) -> Table | None:
    """The useful states, equal ones joined and the start first; None when nothing is accepted (Moore 1956)."""
    alive = np.zeros_like(accepting)
    grown = accepting
    while (grown != alive).any():
        alive = grown
        grown = alive | (alive[table] & (table >= 0)).any(axis=1)
    if not alive[0]:
        return None
    table = np.where((table >= 0) & alive[table], table, -1)
    kinds = np.unique(table, axis=1)
    group = accepting.astype(np.int64)
    count = 0
    while len(np.unique(group)) > count:
        count = len(np.unique(group))
        keys = np.column_stack([group, np.where(kinds >= 0, group[kinds], -1)])
        group = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    # One state of each group stands for it; only those met on the way from the start are kept.
    representative = np.zeros(group.max() + 1, np.int64)
    representative[group] = np.arange(len(group))
    merged = np.where(table >= 0, group[table], -1)[representative]
    order = [int(group[0])]
    met = set(order)
    for state in order:
        new = set(merged[state].tolist()) - met - {-1}
        met |= new
        order += sorted(new)
    renamed = np.full(len(merged) + 1, -1, np.int32)
    renamed[order] = np.arange(len(order), dtype=np.int32)
    return accepting[representative][order], renamed[merged[order]]


def lengths(accepting: npt.NDArray[np.bool_], table: npt.NDArray[np.int32]) -> tuple[int, int | None]:
    """Fewest and most labels of a text; None for the most where the states go round."""
    here = np.zeros(len(table), np.bool_)
    here[0] = True
    found = []
    for length in range(len(table) + 1):
        if accepting[here].any():
            found.append(length)
        after = np.unique(table[here])
        here = np.zeros(len(table), np.bool_)
        here[after[after >= 0]] = True
    return found[0], None if here.any() else found[-1]
