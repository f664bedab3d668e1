"""The tree of a regular expression, and what can be said of it without an automaton."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from ocr_edge.errors import ConfigError

Ranges = tuple[tuple[int, int], ...]
"""Code points, first and last included, ordered and apart."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set.

    Attributes:
        at: Where it is written, counted from 1.
        text: As written.
        ranges: The characters it allows.
        gap: It may be a gap between words, which is nothing at all where the labels have no space.
    """

    at: int
    text: str
    ranges: Ranges
    gap: bool = False

    def __contains__(self, character: str) -> bool:
        return any(low <= ord(character) <= high for low, high in self.ranges)


@dataclass(frozen=True, slots=True)
class Concat:
    """One after the other; without items, nothing."""

    items: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same ``low`` to ``high`` times; ``high`` is None for any number."""

    item: "Node"
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """``^`` or ``$``; says nothing, as a line is matched as a whole."""

    at: int
    text: str


Node = Chars | Concat | Choice | Repeat | Anchor


class PatternError(ConfigError):
    """A pattern is wrong.

    Attributes:
        why: What is wrong with it, without its text: its owner may not have written that.
    """

    def __init__(self, text: str, why: str) -> None:
        message = f'pattern "{text if len(text) <= 80 else text[:77] + "..."}": {why}'
        # What was written may hold a line end or a terminal's control characters; backslashes are left alone.
        super().__init__("".join(c if c.isprintable() else ascii(c)[1:-1] for c in message))
        self.why = why


def refuse(text: str, why: str) -> NoReturn:
    """Say that a pattern is wrong.

    Raises:
        PatternError: Always; names the pattern, shortened.
    """
    raise PatternError(text, why)


def positions(node: Node) -> int:
    """How many characters and classes a tree has when its repetitions are written out."""
    match node:
        case Chars():
            return 1
        case Concat(items) | Choice(items):
            return sum(map(positions, items))
        case Repeat(item, low, high):
            return positions(item) * (high or max(low, 1))
        case Anchor():
            return 0


def misplaced(node: Node, *, first: bool, last: bool) -> Iterator[Anchor]:
    """Anchors that have something before or after them.

    Args:
        node: A tree.
        first: Nothing stands before it.
        last: Nothing stands after it.

    Yields:
        The wrong ones, in the order they are written.
    """
    match node:
        case Anchor(_, text) if not (first if text == "^" else last):
            yield node
        case Choice(items):
            for item in items:
                yield from misplaced(item, first=first, last=last)
        case Repeat(item, _, high):
            yield from misplaced(item, first=first and high == 1, last=last and high == 1)
        case Concat(items):
            solid = [i for i, item in enumerate(items) if not isinstance(item, Anchor)] or [len(items), 0]
            for i, item in enumerate(items):
                yield from misplaced(item, first=first and i <= solid[0], last=last and i >= solid[-1])
        case _:
            pass
