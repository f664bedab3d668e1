"""From a strip's posteriors to its reading: the likeliest text, or the likeliest that the owner's pattern allows. Pure.

Confidences. A character's is the probability that something stands on its steps at all (no blank, no space), times its
share among all labels at its peak, the step where it is loudest. A line's is the probability of the whole text, all the
ways to write it counted (CTC's forward score; it is not divided by the length, so that it means the same for short and
long lines), calibrated.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ocr_edge.contract import confusables
from ocr_edge.contract.preprocess import STEP
from ocr_edge.contract.types import Box, Image, Scores
from ocr_edge.decode import ctc, ctc_search, ink
from ocr_edge.decode.ctc import Emissions
from ocr_edge.decode.ctc_search import Legal
from ocr_edge.decode.doubt import Meaning, Rivals
from ocr_edge.decode.pattern import MIN_MARGIN, Pattern, Refused, allowed, inner, spaces
from ocr_edge.decode.spelling import Speller
from ocr_edge.decode.written import Written, calibrated
from ocr_edge.reading import READABLE, UNREADABLE, Character, Line
from ocr_edge.trace import OFF, Trace

LEAST = 1e-3
"""Least probability that a step is not silent: what stands there is shared out by it."""
LOOK_ALIKES = (*confusables.SHARED, ".,", ":;", "'`")
"""What a pattern may read one for the other at little cost; small marks differ by a pixel."""

HEARD = 1e-3
"""Probability that a step says anything, below which what it says is not told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A strip's reading.

    Attributes:
        line: The characters, and the calibrated confidence.
        log_probability: Of the whole text, natural logarithm, 0 at most: what the calibration maps.
        sure: float32, shape ``(N,)``, one a character: probability of its shape, look-alikes counted as one.
        columns: Columns of the strip that each character takes.
        written: The label numbers of the text, spaces among them, and the steps of each.
        behind: Nats, at most, by which the picture prefers something else to what the pattern allows; None where there
            is no pattern.
    """

    line: Line
    log_probability: float
    sure: npt.NDArray[np.float32]
    columns: tuple[ink.Columns, ...]
    written: Written
    behind: float | None


class LineDecoder:
    """Reads strips.

    Args:
        labels: The texts that posteriors stand for; the blank comes after them.
        pattern: What every line must match, over the same labels; None for anything.
        min_margin: Nats by which the pattern may overrule the picture.
        calibration: Slope and offset, see ``calibrated``.
        meaning: What texts stand for, where lines are numbers: what speaks against them is then looked for.
        context: Whether words look like words, codes like codes; not asked where a pattern or a meaning says what
            there is to read.

    Raises:
        ValueError: The pattern is one over other labels.
    """

    def __init__(
        self,
        labels: Sequence[str],
        pattern: Pattern | None = None,
        *,
        min_margin: float = MIN_MARGIN,
        calibration: tuple[float, float] = (1.0, 0.0),
        meaning: Meaning | None = None,
        context: bool = True,
    ) -> None:
        if pattern and pattern.labels != tuple(labels):
            raise ValueError(f"pattern over {len(pattern.labels)} labels, expected the line's {len(labels)}")
        self._labels = tuple(labels)
        if pattern and pattern.demands_spaces:
            # Beside a mark that the pattern overlooks, MFD : 01 has two spaces where it has one.
            pattern = replace(pattern, automaton=pattern.automaton.repeating(spaces(labels)))
        self._pattern = pattern
        self._min_margin = min_margin
        self._calibration = calibration
        self._rivals = Rivals(meaning, labels) if meaning else None
        self._spaces = spaces(labels)
        self._speller = Speller(labels, self._spaces) if context and not (pattern or meaning) else None
        self._ignored = pattern.ignored if pattern else np.zeros(len(self._labels), np.bool_)
        self._shape = confusables.groups(labels, LOOK_ALIKES).argmax(axis=1)
        self._by_shape = np.argsort(self._shape, kind="stable")
        self._first = np.searchsorted(self._shape[self._by_shape], np.arange(self._shape.max() + 1))
        self._said_spaces = np.flatnonzero(self._spaces & ~self._ignored)
        # Spaces are no characters, so that no character can be one.
        self._named = np.flatnonzero(~self._spaces)
        self._names = tuple(self._labels[index] for index in self._named)

    def decode(
        self,
        posteriors: Scores,
        *,
        to_box: Callable[[int, int], Box],
        binary: Image | None = None,
        trace: Trace = OFF,
    ) -> Decoded | None:
        """Read one strip.

        Args:
            posteriors: float32, shape ``(T, labels + 1)``, calibrated log-probabilities, blank last.
            to_box: From a character's columns in the strip, first and first after, to its box in the picture; see
                ``ink.box``.
            binary: The strip's ink, uint8, shape ``(32, w, 1)``: with it, borders between characters avoid ink.
            trace: Is told what the pattern refuses.

        Returns:
            Its reading; None when it has none, or none that the pattern allows.
        """
        if not len(posteriors):
            return None
        emissions = self._emissions(posteriors)
        found, behind = self._found(posteriors, emissions, trace)
        if found is None:
            return None
        chances = np.exp(posteriors)
        silent = chances[:, -1] + chances[:, :-1][:, self._spaces].sum(axis=1)
        peaks = found.peaks(emissions)
        width = STEP * len(posteriors) if binary is None else binary.shape[1]
        columns = ink.columns(peaks.tolist(), width, binary)
        kept = np.flatnonzero(~self._spaces[found.labels])
        said = found.labels[kept]
        loud = np.maximum(1 - silent[peaks[kept], None], HEARD)
        may = np.ones_like(found.labels[kept, None], np.bool_) if found.may is None else found.may[kept]
        # Labels that the pattern rules out lend to their look-alikes; of those it allows, O beside 0, none lends.
        own = chances[peaks[kept], :-1]
        shares = own if found.may is None else own + 0.5 * self._together(np.where(may, 0.0, own))
        # A look-alike that the pattern overlooks may have lent a label more than the whole.
        shares = np.where(may & ~self._spaces, np.minimum(shares / loud, 1.0), 0.0)
        there = found.presence(silent)[kept]
        for row, place in enumerate(kept.tolist()):
            if place in found.spelled:
                # What the likeliest spellings say counts that nothing may stand there.
                shares[row], there[row] = np.where(self._spaces, 0.0, found.spelled[place]), 1.0
        after_space = [False, *self._spaces[found.labels[kept[1:] - 1]].tolist()]
        boxes = [to_box(*columns[place]) for place in kept]
        characters = self._characters(shares, there, said, boxes, after_space)
        log_probability = min(found.log_probability(emissions, self._said_spaces) + found.surer, 0.0)
        alike = (
            self._together(shares)[np.arange(len(said)), said]
            if found.may is None
            else np.minimum(np.exp(emissions.enter[peaks[kept], said]) / loud[:, 0], 1.0)
        )
        doubt = self._rivals.of_strip(emissions, found.labels.tolist()) if self._rivals else None
        if doubt:
            doubt = replace(doubt, lead=doubt.lead * self._calibration[0])
        return Decoded(
            Line(characters, calibrated(log_probability, self._calibration), doubt),
            log_probability,
            np.asarray(there * alike, np.float32),
            tuple(columns[place] for place in kept),
            found,
            behind,
        )

    def _emissions(self, posteriors: Scores) -> Emissions:
        """What each step says; with a pattern, without what it overlooks, and of look-alikes together."""
        if not self._pattern:
            return Emissions.plain(posteriors)
        chances = np.exp(posteriors, dtype=np.float64)
        own = chances[:, :-1]
        blank = chances[:, -1] + own[:, self._ignored].sum(axis=1)
        # Half of a look-alike's chance is its own: O for 0 costs little, B for 0 much. It is paid where a label begins,
        # not on every step that it goes on: how long a network dwells on it says nothing.
        together = self._together(own)
        enter, stay = np.log(0.5 * own + 0.5 * together + 1e-9), np.log(together + 1e-9)
        enter[:, self._ignored] = stay[:, self._ignored] = ctc.LEAST
        return Emissions(np.log(blank + 1e-30), enter, stay)

    def _together(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Of each label, the sum over its look-alikes, itself among them; shape ``(n, labels)``."""
        # No matrix product: its threads would take longer to wake than this takes.
        return np.add.reduceat(values[:, self._by_shape], self._first, axis=1)[:, self._shape]

    def _found(
        self, posteriors: Scores, emissions: Emissions, trace: Trace
    ) -> tuple[Written | None, float | None]:
        """The text, without spaces around it, None when there is none; and how far behind it is with a pattern."""
        may, behind = None, None
        if self._pattern:
            legal = self._legal(emissions, self._pattern)
            if legal is None or not legal.stands:
                trace.add(self._refused(legal))
                return None, None
            path, behind = legal.path, legal.behind
            said = inner(path.labels, self._spaces)
            labels = list(path.labels[said])
            runs, may = ctc.spans(emissions, labels), allowed(self._pattern, path)[said]
        else:
            labels, runs = ctc.greedy(posteriors)
        spelled = self._speller.spelled(posteriors, labels, runs) if self._speller and labels else None
        if spelled:
            labels, runs = spelled.labels, spelled.runs
        own = inner(labels, self._spaces)
        if own.start == own.stop:
            return None, behind
        written = Written(
            np.array(labels[own], np.intp),
            np.array(runs[own], np.intp),
            may,
            {place - own.start: row for place, row in spelled.chances.items()} if spelled else {},
            spelled.surer if spelled else 0.0,
            spelled.words if spelled else (),
        )
        return written, behind

    def _refused(self, legal: Legal | None) -> Refused:
        if legal is None or legal.behind > -ctc.NEVER / 2:  # it has no room in the steps
            return Refused("", math.inf, self._min_margin)
        labels = legal.path.labels[inner(legal.path.labels, self._spaces)]
        text = "".join(self._labels[label] for label in labels)
        return Refused(text, legal.behind, self._min_margin, labels)

    def _legal(self, emissions: Emissions, pattern: Pattern) -> Legal | None:
        """The best text that the pattern allows, if the picture does not speak against it by too much."""
        return ctc_search.legal(
            emissions.padded(self._said_spaces) if pattern.demands_spaces else emissions,
            pattern.automaton,
            lambda path: pattern.is_right(path.text(self._labels)),
            self._min_margin,
        )

    def _characters(
        self,
        shares: npt.NDArray[np.float64],
        there: npt.NDArray[np.float64],
        said: npt.NDArray[np.intp],
        boxes: Sequence[Box],
        after_space: Sequence[bool],
    ) -> tuple[Character, ...]:
        with np.errstate(divide="ignore"):
            scores = np.log(shares[:, self._named]).astype(np.float32)
        likeliest = np.argsort(-shares, axis=1, kind="stable")[:, :3].tolist()
        result = []
        for row, share, presence, label, order, box, space in zip(
            scores, shares, there.tolist(), said.tolist(), likeliest, boxes, after_space, strict=True
        ):
            others = [index for index in order if index != label and share[index] > 0][:2]
            alternatives = tuple(
                (self._labels[index], float(share[index]) * presence) for index in (label, *others)
            )
            text, confidence = alternatives[0]
            if not self._pattern and confidence < READABLE:
                text = UNREADABLE
            result.append(Character(text, confidence, box, alternatives, row, space, self._names))
        return tuple(result)
