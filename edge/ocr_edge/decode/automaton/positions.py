"""A pattern's characters and classes as positions, and which may follow which (Glushkov 1961)."""

from collections.abc import Iterator
from dataclasses import dataclass

from ocr_edge.decode.regex_tree import Anchor, Chars, Choice, Concat, Node, Repeat


@dataclass(frozen=True, slots=True)
class Part:
    """Part of a pattern: positions (as bits) it may begin and end with, and whether it may be empty."""

    first: int = 0
    last: int = 0
    empty: bool = True


class Positions:
    """A pattern's characters and classes, written out, and which may follow which (Glushkov 1961).

    Args:
        spaced: Whether a space is a character; otherwise a gap may be nothing.

    Attributes:
        chars: What stands at each position.
        follow: The positions that may come after each, as bits.
    """

    def __init__(self, *, spaced: bool) -> None:
        self.spaced = spaced
        self.chars: list[Chars] = []
        self.follow: list[int] = []

    def add(self, node: Node) -> Part:
        """Write out a part of the tree."""
        match node:
            case Chars():
                bit = 1 << len(self.chars)
                self.chars.append(node)
                self.follow.append(0)
                return Part(bit, bit, node.gap and not self.spaced)
            case Concat(items):
                part = Part()
                for item in items:
                    part = self.join(part, self.add(item))
                return part
            case Choice(items):
                parts = [self.add(item) for item in items]
                return Part(
                    _union(part.first for part in parts),
                    _union(part.last for part in parts),
                    any(part.empty for part in parts),
                )
            case Repeat(item, low, high):
                return self._repeat(item, low, high)
            case Anchor():
                return Part()

    def join(self, before: Part, after: Part) -> Part:
        """The part that is one part and then another."""
        for position in bits(before.last):
            self.follow[position] |= after.first
        return Part(
            before.first | (after.first if before.empty else 0),
            after.last | (before.last if after.empty else 0),
            before.empty and after.empty,
        )

    def _repeat(self, item: Node, low: int, high: int | None) -> Part:
        part, last = Part(), 0
        for count in range(1, (high or max(low, 1)) + 1):
            copy = self.add(item)
            part = self.join(part, copy)
            last |= part.last if count >= low else 0
        if high is None:
            self.join(copy, copy)
        return Part(part.first, last, part.empty or low == 0)


def _union(masks: Iterator[int]) -> int:
    whole = 0
    for mask in masks:
        whole |= mask
    return whole


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
