"""What else a number might be: the best text with another value, found exactly among all that the picture allows. Pure.

Rivals are the texts that the owner's pattern allows and every other number: where six digits stand and the pattern has
five, the sixth is a rival's.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ocr_edge.decode import ctc, ctc_search
from ocr_edge.decode.automaton import Automaton
from ocr_edge.decode.ctc import Emissions
from ocr_edge.decode.pattern import spaces
from ocr_edge.decode.search import Path
from ocr_edge.reading import Doubt

MARKS = ".,:/"
"""What may part the digits of a number; a slash is what a leaning 1 is taken for."""
LIMIT = 50
"""Texts that are looked at for one with another value: the same number with other marks, zeros and units comes first,
seldom more than ten times."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What texts stand for.

    Attributes:
        value: The value of a text, equal for two that say the same; of a text that is no number, a text.
        pattern: The texts that are allowed, as a regular expression; empty where nothing is known of them.
        passes: Says whether a text's check digit is right.
    """

    value: Callable[[str], float | str]
    pattern: str = ""
    passes: Callable[[str], bool] = bool


class Rivals:
    """Finds the best text with another value.

    Args:
        meaning: What texts stand for.
        labels: The texts of the reader's labels.
    """

    def __init__(self, meaning: Meaning, labels: Sequence[str]) -> None:
        known = set(labels)
        marks, signs = "".join(c for c in MARKS if c in known), "".join(c for c in "+-" if c in known)
        any_number = (f"[{signs}]?" if signs else "") + "[0-9]+" + (f"([{marks}][0-9]+)*" if marks else "")
        text = f"({meaning.pattern})|{any_number}" if meaning.pattern else any_number
        # Spaces change no value: no rival has any, and a gap in the pattern is nothing.
        self._labels = tuple("" if label.isspace() else label for label in labels)
        self._spaces = spaces(labels)
        self.automaton = Automaton.parse(text, self._labels)
        self._meaning = meaning

    def of_strip(self, emissions: Emissions, labels: Sequence[int]) -> Doubt | None:
        """What speaks against the text with these label numbers, as a strip's steps have it; None for no number."""
        said = [label for label in labels if self._labels[label]]
        text = "".join(self._labels[label] for label in said)
        if isinstance(self._meaning.value(text), str):
            return None
        silent = np.logaddexp.reduce(
            np.column_stack([emissions.blank, emissions.enter[:, self._spaces]]), axis=1
        )
        emissions = Emissions(silent, emissions.enter, emissions.stay)
        score = ctc.score(emissions, said, np.maximum)
        return self.among(text, score, ctc_search.n_best(emissions, self.automaton))

    def among(self, text: str, score: float, paths: Iterable[Path]) -> Doubt:
        """What speaks against a text with a score, of the texts on these paths, best first."""
        value, lead = self._meaning.value(text), np.inf
        for path in itertools.islice(paths, LIMIT):
            other = path.text(self._labels)
            lead = score - path.score
            if self._meaning.value(other) != value and self._meaning.passes(other):
                return Doubt(value, float(lead), other)
        return Doubt(value, float(lead))
