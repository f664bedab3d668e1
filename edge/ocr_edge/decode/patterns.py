"""Patterns an owner knows a text to follow: a regular expression and, where the text has one, its check digit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr_edge.decode import search
from ocr_edge.decode.automaton import Automaton
from ocr_edge.decode.checks import Check, check_named
from ocr_edge.decode.search import Edge, Path


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Which texts a line may have.

    Attributes:
        text: The regular expression as written.
        labels: The labels it chooses from.
        automaton: It over the labels.
        check: Name of the check digit; empty where there is none.
        passes: Says whether a text's check digit is right; None where there is none.
    """

    text: str
    labels: tuple[str, ...]
    automaton: Automaton
    check: str = ""
    passes: Check | None = None

    @classmethod
    def parse(
        cls, text: str, labels: Sequence[str], check: str = "", own: Mapping[str, Check] | None = None
    ) -> "Pattern":
        """Read a pattern.

        Args:
            text: The regular expression, see ``regex.parse``.
            labels: The bundle's labels.
            check: Name of a check digit; empty for none.
            own: The user's checks by name.

        Returns:
            The pattern over these labels.

        Raises:
            ConfigError: Where and why it cannot be read, or that there is no such check.
        """
        passes = check_named(check, own) if check else None
        return cls(text, tuple(labels), Automaton.parse(text, labels), check, passes)

    @property
    def shortest(self) -> int:
        """Fewest labels of a text."""
        return self.automaton.shortest

    @property
    def longest(self) -> int | None:
        """Most labels of a text; None where there is no limit."""
        return self.automaton.longest

    def matches(self, text: str) -> bool:
        """Whether a text is legal, its check digit included; blanks do not count."""
        text = text.replace(" ", "")
        # States by how much of the text led to them: several where labels have several characters.
        reached: list[set[int]] = [{self.automaton.start}, *(set() for _ in text)]
        for at, states in enumerate(reached):
            for index, label in enumerate(self.labels if states else ()):
                if text.startswith(label, at):
                    reached[at + len(label)].update(
                        int(after) for after in self.automaton.next[list(states), index] if after >= 0
                    )
        legal = any(self.automaton.accepting[state] for state in reached[-1])
        return legal and (self.passes is None or self.passes(text))

    def best(self, edges: Sequence[Edge], stop: int) -> Path | None:
        """The best legal text of a line.

        Args:
            edges: The line's candidates, see ``search.n_best``.
            stop: Position that the text must end at.

        Returns:
            It; None when no legal text fits, or none of the best has a right check digit.
        """
        return search.best(edges, stop, self.automaton, self.passes, self.labels)
