"""Deterministic automata over a bundle's labels: which labels may follow, whatever was read before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.labels import is_mark
from ocr_edge.decode import regex
from ocr_edge.decode.regex_tree import Anchor, Chars, Choice, Concat, Node, Repeat, refuse

MAX_LENGTH = 64
"""Most characters that a text may have where a pattern limits them."""
MAX_STATES = 1000
"""Most states before equal ones are joined."""
MAX_STEPS = 1_000_000
"""Most steps spent on finding them: about half a second on a Pi 4."""


@dataclass(frozen=True, slots=True, eq=False)
class Automaton:
    """Where each label leads; minimal, and every state is on a way from the start to an accepting one.

    Attributes:
        start: The state before the first label.
        accepting: bool, shape ``(states,)``: the text may end here.
        next: int32, shape ``(states, labels)``: the state after a label, -1 where it may not stand.
        shortest: Fewest labels of a text.
        longest: Most labels of a text; None where there is no limit.
    """

    start: int
    accepting: npt.NDArray[np.bool_]
    next: npt.NDArray[np.int32]
    shortest: int
    longest: int | None

    @classmethod
    def parse(cls, text: str, labels: Sequence[str]) -> "Automaton":
        """Make the automaton of a pattern (Glushkov positions, then subsets, then Moore's minimisation).

        Args:
            text: The pattern, see ``regex.parse``.
            labels: The bundle's labels; one of several characters is read character by character, an empty one never.

        Returns:
            The automaton that accepts what the pattern allows.

        Raises:
            ConfigError: The pattern is wrong, too large, allows no text, or needs a character that is no label.
        """
        root = regex.parse(text)
        characters = sorted(set("".join(labels)))
        accepting, table = _subsets(text, root, characters)
        column = {character: i for i, character in enumerate(characters)}
        # The last row is the dead state: -1 leads to it, and from it to -1.
        dead = np.vstack([table, np.full(len(characters), -1, np.int32)])
        walked = np.full((len(table), len(labels)), -1, np.int32)
        for i, label in enumerate(labels):
            state = np.arange(len(table)) if label else np.full(len(table), -1)
            for character in label:
                state = dead[state, column[character]]
            walked[:, i] = state
        automaton = _minimal(accepting, walked)
        if automaton is None:
            refuse(text, "allows no text that the bundle's labels can make")
        if automaton.longest == 0:
            refuse(text, "allows no character at all")
        longest = automaton.longest or automaton.shortest
        if longest > MAX_LENGTH:
            refuse(text, f"describes texts of {longest} characters, expected at most {MAX_LENGTH}")
        return automaton

    def repeating(self, labels: npt.NDArray[np.bool_]) -> "Automaton":
        """The automaton that accepts the same texts, and those in which some labels stand several times in a row.

        Args:
            labels: Which, bool, shape ``(labels,)``.

        Returns:
            It; not minimal.
        """
        again = np.flatnonzero(labels)
        # A state that such a label leads to is there twice: what else leads to it says nothing of more.
        targets = np.unique(self.next[:, again])
        targets = targets[targets >= 0]
        copies = np.full(len(self.accepting), -1, np.int32)
        copies[targets] = len(self.accepting) + np.arange(len(targets), dtype=np.int32)
        table = np.vstack([self.next, self.next[targets]])
        inner = table[:, again]
        table[:, again] = np.where(inner >= 0, copies[inner], -1)
        own = copies[targets]
        # Where a label led on from there, it still does: two in a row may be what the text is.
        stays = table[np.ix_(own, again)] < 0
        table[np.ix_(own, again)] = np.where(stays, own[:, None], table[np.ix_(own, again)])
        accepting = np.concatenate([self.accepting, self.accepting[targets]])
        return replace(self, accepting=accepting, next=table, longest=None if len(targets) else self.longest)


def anything(labels: int) -> Automaton:
    """The automaton that accepts every text.

    Args:
        labels: How many labels there are.
    """
    return Automaton(0, np.ones(1, np.bool_), np.zeros((1, labels), np.int32), 0, None)


@dataclass(frozen=True, slots=True)
class _Part:
    """Part of a pattern: positions (as bits) it may begin and end with, and whether it may be empty."""

    first: int = 0
    last: int = 0
    empty: bool = True


class _Positions:
    """A pattern's characters and classes, written out, and which may follow which (Glushkov 1961).

    Args:
        spaced: Whether a space is a character; otherwise a gap may be nothing.
    """

    def __init__(self, *, spaced: bool) -> None:
        self.spaced = spaced
        self.chars: list[Chars] = []
        self.follow: list[int] = []

    def add(self, node: Node) -> _Part:
        match node:
            case Chars():
                bit = 1 << len(self.chars)
                self.chars.append(node)
                self.follow.append(0)
                return _Part(bit, bit, node.gap and not self.spaced)
            case Concat(items):
                part = _Part()
                for item in items:
                    part = self.join(part, self.add(item))
                return part
            case Choice(items):
                parts = [self.add(item) for item in items]
                return _Part(
                    _union(part.first for part in parts),
                    _union(part.last for part in parts),
                    any(part.empty for part in parts),
                )
            case Repeat(item, low, high):
                return self.repeat(item, low, high)
            case Anchor():
                return _Part()

    def join(self, before: _Part, after: _Part) -> _Part:
        for position in _bits(before.last):
            self.follow[position] |= after.first
        return _Part(
            before.first | (after.first if before.empty else 0),
            after.last | (before.last if after.empty else 0),
            before.empty and after.empty,
        )

    def repeat(self, item: Node, low: int, high: int | None) -> _Part:
        part, last = _Part(), 0
        for count in range(1, (high or max(low, 1)) + 1):
            copy = self.add(item)
            part = self.join(part, copy)
            last |= part.last if count >= low else 0
        if high is None:
            self.join(copy, copy)
        return _Part(part.first, last, part.empty or low == 0)


def _subsets(
    text: str, root: Node, characters: Sequence[str]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32]]:
    """Accepting states and the state after each character; state 0 is the start."""
    positions = _Positions(spaced=" " in characters)
    whole = positions.add(root)
    end = 1 << len(positions.chars)
    positions.join(whole, _Part(end, end, empty=False))
    allows = [0] * len(characters)
    for i, chars in enumerate(positions.chars):
        known = [column for column, character in enumerate(characters) if character in chars]
        if not known and not chars.gap:
            _refuse_unknown(text, chars, characters)
        for letter in _lacking(chars, characters):
            _refuse_unknown(text, replace(chars, text=letter), characters)
        for column in known:
            allows[column] |= 1 << i
    kinds = sorted(set(allows))
    start = whole.first | (end if whole.empty else 0)
    number = {start: 0}
    rows: list[list[int]] = []
    steps = 0
    # The dictionary grows while it is walked, so that by index, in the order the states were found.
    found = [start]
    while len(rows) < len(found):
        state = found[len(rows)]
        row = []
        for kind in kinds:
            after = 0
            for position in _bits(state & kind):
                after |= positions.follow[position]
                steps += 1
            if after and after not in number:
                number[after] = len(found)
                found.append(after)
            row.append(number.get(after, -1))
        rows.append(row)
        if len(found) > MAX_STATES or steps > MAX_STEPS:
            refuse(
                text,
                f"needs more than {MAX_STATES} states: too many ways to read the same characters. Write shorter "
                "counts, and less after '*', '+' or '{n,}' that these allow too",
            )
    table = np.array(rows, np.int32)[:, [kinds.index(mask) for mask in allows]]
    return np.array([bool(state & end) for state in found]), table


def _lacking(chars: Chars, characters: Sequence[str]) -> list[str]:
    """Letters and digits that a class names one by one and that are no label: texts with them would be misread."""
    if not chars.text.startswith("[") or chars.text.startswith("[^"):
        return []
    named = [chr(low) for low, high in chars.ranges if low == high]
    return [letter for letter in named if not is_mark(letter) and letter not in characters]


def _refuse_unknown(text: str, chars: Chars, characters: Sequence[str]) -> None:
    """Say that a character or class has no label."""
    character = chars.text.removeprefix("\\")
    if len(character) > 1 or chars.text in {"\\d", "\\w", "\\D", "\\W", "\\S", "."}:
        refuse(text, f"position {chars.at}: {chars.text} allows none of the bundle's labels")
    if character.swapcase() in characters:
        advice = f"but {character.swapcase()!r}: write that"
    elif not is_mark(character):
        advice = (
            "texts with it cannot be read; use a bundle that has it, such as one of your own (ocr-train tune "
            "--new-classes), or take it out of the pattern"
        )
    else:
        advice = "leave it out of the pattern; marks that are no labels are not read"
    refuse(
        text,
        f"position {chars.at}: the bundle has no label {character!r}{', ' if 'but' in advice else ': '}{advice}",
    )


def _minimal(accepting: npt.NDArray[np.bool_], table: npt.NDArray[np.int32]) -> Automaton | None:
    """An automaton of the useful states, equal ones joined; None when it accepts nothing."""
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
    following = renamed[merged[order]]
    accepted = accepting[representative][order]
    return Automaton(0, accepted, following, *_lengths(accepted, following))


def _lengths(accepting: npt.NDArray[np.bool_], table: npt.NDArray[np.int32]) -> tuple[int, int | None]:
    """Fewest and most labels of a text; None for the most where the states go round."""
    here = np.zeros(len(table), np.bool_)
    here[0] = True
    lengths = []
    for length in range(len(table) + 1):
        if accepting[here].any():
            lengths.append(length)
        after = np.unique(table[here])
        here = np.zeros(len(table), np.bool_)
        here[after[after >= 0]] = True
    return lengths[0], None if here.any() else lengths[-1]


def _union(masks: Iterator[int]) -> int:
    whole = 0
    for mask in masks:
        whole |= mask
    return whole


def _bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
