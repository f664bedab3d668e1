"""Deterministic automata over a bundle's labels: which labels may follow, whatever was read before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ocr_edge.decode import regex
from ocr_edge.decode.automaton.minimal import lengths, minimal
from ocr_edge.decode.automaton.subsets import subsets
from ocr_edge.decode.regex_tree import refuse

MAX_LENGTH = 64
"""Most characters that a text may have where a pattern limits them."""


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
        accepting, table = subsets(text, root, characters)
        column = {character: i for i, character in enumerate(characters)}
        # The last row is the dead state: -1 leads to it, and from it to -1.
        dead = np.vstack([table, np.full(len(characters), -1, np.int32)])
        walked = np.full((len(table), len(labels)), -1, np.int32)
        for i, label in enumerate(labels):
            state = np.arange(len(table)) if label else np.full(len(table), -1)
            for character in label:
                state = dead[state, column[character]]
            walked[:, i] = state
        smallest = minimal(accepting, walked)
        if smallest is None:
            refuse(text, "allows no text that the bundle's labels can make")
        shortest, longest = lengths(*smallest)
        if longest == 0:
            refuse(text, "allows no character at all")
        if (most := longest or shortest) > MAX_LENGTH:
            refuse(text, f"describes texts of {most} characters, expected at most {MAX_LENGTH}")
        return cls(0, *smallest, shortest, longest)

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
