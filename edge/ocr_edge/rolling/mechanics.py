"""What a counter stands at, given what is seen of each wheel. Pure.

A wheel turns while its right neighbour goes from 9 to 0, and the last one all the time: so all wheels that are between
two digits are as far as the last one, they stand together at the end, and all but the first of them go from 9 to 0.
That leaves few ways to explain a window; each is scored with all that is seen.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TURNS = np.arange(19) / 20
"""How far the last wheel may be on the way to its next digit; what lacks less than a tenth of a turn is there."""
PITCHES = np.arange(1.15, 1.95, 0.15)
"""Distances of two digits on a wheel, in heights of a digit, from crowded to far apart."""
RESTS = np.arange(-0.12, 0.121, 0.04)
"""Rows that digits at rest may be above or below the middle of what was cut out, in heights of a digit."""
TILTS = np.arange(-0.08, 0.081, 0.04)
"""Rows that the last wheel may be lower than the first, in heights of a digit: nobody marks corners better."""
REST_SPREAD = TILT_SPREAD = 0.03
"""Standard deviation of both, where corners are marked to a twentieth of the window's height."""
PLAY, EXACT = 0.05, 0.03
"""Standard deviation of a wheel's place, in digits: wheels have play, and a middle is measured to a row or two. The
last wheel is driven all the time and has none."""
STRAY = -9.0
"""Nats for what does not fit at all, such as dirt: no piece of ink alone may rule a number out."""
NEAR = 8.0
"""Nats behind the best explanation from which others are not looked at."""
CALIBRATION = 0.7
"""Share of its nats that a number is believed to be ahead of another one: with all of them 1.6 % of 600 drawn counters
were wrong and believed, with this share 0.7 %, and 4 % fewer were said."""
RIVAL = 0.15
"""Probability of the number one below from which that is said: one too low is put right by the next turn, one too high
is never taken back. With 0.25 still none of 600 drawn counters (seeds 7 and 8) was one too high."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A digit, or part of one, on a wheel.

    Attributes:
        middle: Its middle below that of what was cut out, in heights of a digit.
        scores: Log-probability of each digit, shape ``(10,)``.
    """

    middle: float
    scores: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What a counter stands at.

    Attributes:
        text: Its digits; where two numbers next to each other may be meant, the lower one.
        confidence: Probability that it is right or one too low.
        turn: How far the last wheel is on the way to its next digit, 0 to 1.
        chances: Probability of each digit of each wheel, shape ``(wheels, 10)``; the number one above
            counts as this one.
    """

    text: str
    confidence: float
    turn: float
    chances: Floats


def resolve(wheels: Sequence[Sequence[Seen]]) -> Standing:
    """Find what a counter stands at.

    Args:
        wheels: What is seen of each, first wheel first; at least one piece of each.
    """
    numbers: dict[str, tuple[float, float]] = {}
    for score, digits, turn in _ways(wheels):
        for text, value in _texts(digits, score):
            if value > numbers.get(text, (-math.inf, 0.0))[0]:
                numbers[text] = value, turn
    total = np.logaddexp.reduce([value * CALIBRATION for value, _ in numbers.values()])
    chances = {text: math.exp(value * CALIBRATION - total) for text, (value, _) in numbers.items()}
    said = max(chances, key=lambda text: chances[text])
    if chances.get(_next(said, -1), 0.0) >= RIVAL:
        said = _next(said, -1)
    chances[said] += chances.pop(_next(said, 1), 0.0)
    each = np.zeros((len(wheels), 10))
    for text, chance in chances.items():
        each[np.arange(len(wheels)), [int(c) for c in text]] += chance
    return Standing(said, min(chances[said], 1.0), numbers[said][1], each)


def _ways(wheels: Sequence[Sequence[Seen]]) -> Iterator[tuple[float, Floats, float]]:
    """Ways to explain what is seen, those near the best: score, scores of each wheel's digits, the last one's turn."""
    pitch, rest, tilt = (part.ravel() for part in np.meshgrid(PITCHES, RESTS, TILTS))
    spreads = [PLAY] * (len(wheels) - 1) + [EXACT]
    along = np.linspace(-0.5, 0.5, len(wheels))
    # shape (wheels, poses, turns, digits)
    each = np.array(
        [
            _fit(pieces, spread, pitch, rest + where * tilt)
            for pieces, spread, where in zip(wheels, spreads, along, strict=True)
        ]
    )
    prior = -0.5 * (rest / REST_SPREAD) ** 2 - 0.5 * (tilt / TILT_SPREAD) ** 2
    found: list[tuple[float, int, int, int]] = []
    for first in range(len(wheels)):
        still = each[:first, :, :1].max(axis=3).sum(axis=0) + prior[:, None]
        scores = still + each[first].max(axis=2) + each[first + 1 :, :, :, 9].sum(axis=0)
        if first < len(wheels) - 1:
            scores[:, 0] = -np.inf  # at rest are all of them or none
        places = scores.argmax(axis=0)
        found += [(float(scores[place, turn]), first, int(place), turn) for turn, place in enumerate(places)]
    best = max(found)[0]
    for score, first, place, turn in found:
        if score >= best - NEAR:
            digits = np.full((len(wheels), 10), -np.inf)
            digits[:first], digits[first] = each[:first, place, 0], each[first, place, turn]
            digits[first + 1 :, 9] = each[first + 1 :, place, turn, 9]
            yield score, digits, float(TURNS[turn])


def _fit(pieces: Sequence[Seen], spread: float, pitch: Floats, rest: Floats) -> Floats:
    """How well each place of a wheel explains what is seen of it, shape ``(poses, turns, 10)``."""
    result = np.zeros((len(pitch), len(TURNS), 10))
    for piece in pieces:
        # Seen from the front, digits crowd together where a wheel bends away: radius = 10 pitches round.
        angle = np.arcsin(np.clip((piece.middle - rest) * 2 * math.pi / (10 * pitch), -1, 1))
        place = TURNS[:, None] + np.arange(10) + (angle * 10 / (2 * math.pi))[:, None, None]
        digit = np.rint(place)
        away = (place - digit) / spread
        result += np.maximum(piece.scores[digit.astype(int) % 10] - 0.5 * away**2, STRAY)
    return result


def _next(text: str, step: int) -> str:
    """The number some steps further, as many digits long; after all nines come zeros."""
    return str((int(text) + step) % 10 ** len(text)).zfill(len(text))


def _texts(digits: Floats, score: float) -> Iterator[tuple[str, float]]:
    """The likeliest number, and those that differ from it in one digit."""
    best = digits.argmax(axis=1)
    yield "".join(map(str, best.tolist())), score
    for wheel, row in enumerate(digits):
        for digit in np.flatnonzero(row > row[best[wheel]] - NEAR).tolist():
            if digit != best[wheel]:
                other = best.copy()
                other[wheel] = digit
                yield "".join(map(str, other.tolist())), score + float(row[digit] - row[best[wheel]])
