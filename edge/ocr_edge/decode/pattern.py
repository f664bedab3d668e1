"""Patterns an owner knows a text to follow: a regular expression and, where the text has one, its check digit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.labels import is_mark
from ocr_edge.decode import search
from ocr_edge.decode.automaton import Automaton
from ocr_edge.decode.check_digits import Check, Weighted, check_named
from ocr_edge.decode.regex_tree import PatternError
from ocr_edge.decode.search import Edge, Path
from ocr_edge.errors import ConfigError

MIN_MARGIN = 3.0
"""Nats by which a pattern may overrule the picture, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What a pattern made of a line, where the line has no reading because of it.

    Attributes:
        text: The likeliest legal text; empty where none fits the line at all.
        behind: Nats by which the picture prefers something else.
        allowed: Nats that it may.
        labels: The label numbers of the text.
    """

    text: str
    behind: float
    allowed: float
    labels: tuple[int, ...] = ()

    @property
    def why(self) -> str:
        """It in words."""
        if not self.text:
            return "pattern: nothing fits"
        if self.behind <= self.allowed:
            return f'pattern: "{self.text}" has a wrong check digit, and so has all that is likely enough'
        told = f"{self.behind:.1f} nats behind what the picture shows, {self.allowed:g} allowed"
        return f'pattern: "{self.text}" is {told}'


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Which texts a line may have.

    Attributes:
        text: The regular expression as written.
        labels: The labels it chooses from.
        automaton: It over the labels.
        check: Name of the check digit; empty where there is none.
        passes: Says whether a text's check digit is right; None where there is none.
        strict: Whether a mark counts though no legal text has any, as in a number: -34 is not 34.
        name: What messages call it, where it was made of something that its owner wrote; empty: ``text``.
    """

    text: str
    labels: tuple[str, ...]
    automaton: Automaton
    check: str = ""
    passes: Check | None = None
    strict: bool = False
    name: str = ""

    @classmethod
    def parse(
        cls,
        text: str,
        labels: Sequence[str],
        check: str = "",
        own: Mapping[str, Check] | None = None,
        *,
        strict: bool = False,
        name: str = "",
    ) -> "Pattern":
        """Read a pattern.

        Args:
            text: The regular expression, see ``regex.parse``.
            labels: The bundle's labels.
            check: Name of a check digit; empty for none.
            own: The user's checks by name.
            strict: See the class.
            name: See the class.

        Returns:
            The pattern over these labels.

        Raises:
            ConfigError: Where and why it cannot be read, or that there is no such check.
        """
        passes = check_named(check, own) if check else None
        try:
            automaton = Automaton.parse(text, labels)
        except PatternError as error:
            if name:
                raise ConfigError(f"{name}: the pattern that it makes {error.why}") from error
            raise
        return cls(text, tuple(labels), automaton, check, passes, strict, name)

    def over(self, labels: Sequence[str]) -> "Pattern":
        """The same pattern over other labels, such as those of another stage.

        Raises:
            ConfigError: It needs a character that is none of them.
        """
        if tuple(labels) == self.labels:
            return self
        return replace(self, labels=tuple(labels), automaton=Automaton.parse(self.text, labels))

    @property
    def told(self) -> str:
        """What messages call it."""
        return self.name or f'pattern "{self.text}"'

    @property
    def shortest(self) -> int:
        """Fewest labels of a text."""
        return self.automaton.shortest

    @property
    def longest(self) -> int | None:
        """Most labels of a text; None where there is no limit."""
        return self.automaton.longest

    @property
    def uses(self) -> npt.NDArray[np.bool_]:
        """Labels that stand in any legal text: bool, shape ``(labels,)``."""
        return np.asarray((self.automaton.next >= 0).any(axis=0))

    @property
    def demands_spaces(self) -> bool:
        """Whether a space counts: the labels have one, and a legal text may hold it."""
        return bool((self.uses & spaces(self.labels)).any())

    @property
    def ignored(self) -> npt.NDArray[np.bool_]:
        r"""Labels that are overlooked in a picture: bool, shape ``(labels,)``.

        Spaces where no legal text has one, other marks where no legal text has any. A pattern with marks takes them
        all seriously: ``\d+\.\d`` must not read 3.4 where the picture says -3.4.
        """
        used, space = self.uses, spaces(self.labels)
        # ``\w`` allows the underline, which nobody who writes it thinks of.
        telling = used & np.array([label != "_" for label in self.labels])
        ignored = np.zeros_like(used)
        for kind in (space, marks(self.labels) & ~space)[: 1 if self.strict else 2]:
            if not (kind & telling).any():
                ignored |= kind & ~used
        return ignored

    def matches(self, text: str) -> bool:
        """Whether a text is legal, its check digit included.

        Spaces count only where the pattern demands them; those around the text never do, as nobody sees them.
        """
        if not self.demands_spaces:
            return self._accepts(text.replace(" ", ""))
        return any(
            self._accepts(before + text.strip(" ") + after) for before in ("", " ") for after in ("", " ")
        )

    def _accepts(self, text: str) -> bool:
        # States by how much of the text led to them: several where labels have several characters.
        reached: list[set[int]] = [{self.automaton.start}, *(set() for _ in text)]
        for at, states in enumerate(reached):
            for index, label in enumerate(self.labels if states else ()):
                if text.startswith(label, at):
                    reached[at + len(label)].update(
                        int(after) for after in self.automaton.next[list(states), index] if after >= 0
                    )
        return any(self.automaton.accepting[state] for state in reached[-1]) and self.is_right(text)

    def is_right(self, text: str) -> bool:
        """Whether a text's check digit is right; True where there is none.

        Spaces and marks do not count, as in 978-3-16-148410-0, but those in the alphabet of a check of one's own.
        """
        if self.passes is None:
            return True
        known = self.passes.alphabet if isinstance(self.passes, Weighted) else ""
        return self.passes("".join(c for c in text if not is_mark(c) or (c in known and c != " ")))

    def best(self, edges: Sequence[Edge], stop: int) -> Path | None:
        """The best legal text of a line.

        Args:
            edges: The line's candidates, see ``search.n_best``.
            stop: Position that the text must end at.

        Returns:
            It; None when no legal text fits, or none of the best has a right check digit.
        """
        return search.best(edges, stop, self.automaton, self.is_right, self.labels)


def spaces(labels: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which labels are a space: bool, shape ``(labels,)``."""
    return np.array([label.isspace() for label in labels], np.bool_)


def marks(labels: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which labels are neither letters nor digits, spaces among them: bool, shape ``(labels,)``."""
    return np.array([is_mark(label) for label in labels], np.bool_)


def inner(text: Sequence[int], spaces: npt.NDArray[np.bool_]) -> slice:
    """A text of label numbers without the spaces around it, given which labels are spaces."""
    said = [place for place, label in enumerate(text) if not spaces[label]]
    return slice(said[0], said[-1] + 1) if said else slice(0, 0)


def allowed(pattern: Pattern, path: Path) -> npt.NDArray[np.bool_]:
    """Which labels may stand at each place of a legal text if the others may change too: bool, ``(N, labels)``."""
    table, states = pattern.automaton.next, len(pattern.automaton.accepting)
    reached = [np.arange(states) == pattern.automaton.start]
    for _ in path.labels:
        after = table[reached[-1]]
        reached.append(np.isin(np.arange(states), after[after >= 0]))
    ends = [pattern.automaton.accepting]
    for _ in path.labels:
        ends.append(np.asarray(np.where(table >= 0, ends[-1][table], False).any(axis=1), np.bool_))
    result = [
        np.where(table[at] >= 0, onward[table[at]], False).any(axis=0)
        for at, onward in zip(reached[:-1], ends[-2::-1], strict=True)
    ]
    return np.array(result, bool).reshape(len(path.labels), table.shape[1])
