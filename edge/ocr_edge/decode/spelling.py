"""Spells anew the words of a strip that the network is not sure of. Pure.

The picture says what they may be, the language which of it is likely.

Shallow fusion (Gülçehre et al., 2015, arXiv 1503.03535): log-probability of the picture plus ``WEIGHT`` times that of
the text. What a code may be stays as likely as a word, so a number plate is not made English.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Scores
from ocr_edge.decode import ctc
from ocr_edge.decode.beam import Text, likeliest
from ocr_edge.decode.ctc import Span
from ocr_edge.decode.likely import Likely
from ocr_edge.decode.pattern import inner

WEIGHT = 0.7
"""What the language counts beside the picture. Chosen on the validation words (n = 380) from 0.1 to 1.0: right are 289
without it, 296 at 0.3, 301 from 0.7 on."""
MOST = 3.0
"""Nats by which the picture may prefer another text to the one that is read, as many as it may prefer another to what
a pattern allows: what is surely seen stays, or ``STPEET`` on a label would be a street. Without a limit 2 of 380
validation words more are right."""
SURE = float(np.log(0.8))
"""Log-probability of the best way to write a word, from which it is not looked at again: from 0.7 on a word is lost."""
SURE_SPACE = float(np.log(0.9))
"""Log-probability of a space that parts two words whatever the language says: so each word is spelled by itself, and
one that is surely read costs nothing."""


@dataclass(frozen=True, slots=True)
class Respelled:
    """A word spelled anew.

    Attributes:
        before: The text of the best way to write it.
        after: What it is read as.
        chance: Probability of that, with the language, among the likeliest texts.
    """

    before: str
    after: str
    chance: float


@dataclass(frozen=True, slots=True, eq=False)
class Spelled:
    """A strip's text with its unsure words spelled anew.

    Attributes:
        labels: Its label numbers.
        runs: The steps of each, first and first after.
        chances: Of the places in words that were looked at, how likely each label is there, shape ``(labels,)``.
        surer: Nats by which the text is likelier than the picture alone says.
        words: Those that were looked at.
    """

    labels: list[int]
    runs: list[Span]
    chances: dict[int, npt.NDArray[np.float64]]
    surer: float
    words: list[Respelled]


class Speller:
    """Spells words anew.

    Args:
        labels: The texts that posteriors stand for; the blank comes after them.
        spaces: bool, shape ``(labels,)``: which of them are a space.
    """

    def __init__(self, labels: Sequence[str], spaces: npt.NDArray[np.bool_]) -> None:
        self._labels, self._spaces = tuple(labels), spaces
        self._likely = Likely(labels)

    def spelled(self, posteriors: Scores, labels: Sequence[int], runs: Sequence[Span]) -> Spelled:
        """The text of a strip, given that of the best way to write it; arguments as ``ctc.greedy`` has them."""
        result = Spelled([], [], {}, 0.0, [])
        surer = 0.0
        for first, last, start, end in self._words(posteriors, labels, runs):
            word = posteriors[start:end]
            if last > first and float(word.max(axis=1).sum()) < SURE:
                surer += self._add(result, word, start, labels[first:last], runs[first:last])
            else:
                result.labels.extend(labels[first:last])
                result.runs.extend(runs[first:last])
            after_space = not result.labels or self._spaces[result.labels[-1]]
            if last < len(labels) and not after_space:
                result.labels.append(labels[last])
                result.runs.append(runs[last])
        return Spelled(result.labels, result.runs, result.chances, surer, result.words)

    def _words(
        self, posteriors: Scores, labels: Sequence[int], runs: Sequence[Span]
    ) -> list[tuple[int, int, int, int]]:
        """First and past-the-last label of each word, and the steps between the sure spaces around it."""
        borders = [
            place
            for place, (label, run) in enumerate(zip(labels, runs, strict=True))
            if self._spaces[label] and posteriors[slice(*run), label].max() >= SURE_SPACE
        ]
        edges = [(-1, 0, 0), *((place, *runs[place]) for place in borders), (len(labels), len(posteriors), 0)]
        return [(before[0] + 1, after[0], before[2], after[1]) for before, after in itertools.pairwise(edges)]

    def _add(
        self, result: Spelled, word: Scores, start: int, labels: Sequence[int], runs: Sequence[Span]
    ) -> float:
        """Spell a word; how many nats likelier its text is than the picture alone says."""
        texts, chances = self._trimmed(*likeliest(word))
        likely = np.flatnonzero(chances >= np.exp(-MOST) * chances.max())
        texts, chances = [texts[number] for number in likely], chances[likely] / chances[likely].sum()
        fused = np.log(chances) + WEIGHT * self._likely.of(texts)
        share = np.exp(fused - fused.max())
        share /= share.sum()
        best = int(share.argmax())
        text = texts[best]
        if text == tuple(labels):
            spans = list(runs)
        else:
            spans = [(start + first, start + end) for first, end in ctc.align(word, text)]
        at = len(result.labels)
        for place, marginal in enumerate(self._marginals(texts, share, len(text))):
            first, end = spans[place]
            own = np.exp(word[first - start : end - start, :-1]).max(axis=0)
            result.chances[at + place] = marginal + max(0.0, 1 - marginal.sum()) * own
        result.labels.extend(text)
        result.runs.extend(spans)
        result.words.append(Respelled(self._text(labels), self._text(text), float(share[best])))
        return float(np.log(share[best]) - np.log(chances[best]))

    def _trimmed(
        self, texts: Sequence[Text], chances: npt.NDArray[np.float64]
    ) -> tuple[list[Text], npt.NDArray[np.float64]]:
        """The same without spaces around them, which are not said; those that are then alike together."""
        result: dict[Text, float] = {}
        for text, chance in zip(texts, chances.tolist(), strict=True):
            at_end = text and (self._spaces[text[0]] or self._spaces[text[-1]])
            said = text[inner(text, self._spaces)] if at_end else text
            result[said] = result.get(said, 0.0) + chance
        return list(result), np.array(list(result.values()))

    def _marginals(
        self, texts: Sequence[Text], share: npt.NDArray[np.float64], length: int
    ) -> npt.NDArray[np.float64]:
        """How likely each label stands at each place, of the texts that are as long, shape ``(length, labels)``."""
        result = np.zeros((length, len(self._labels)))
        for text, chance in zip(texts, share.tolist(), strict=True):
            if len(text) == length:
                result[np.arange(length), list(text)] += chance
        return result

    def _text(self, labels: Sequence[int]) -> str:
        return "".join(self._labels[label] for label in labels)
