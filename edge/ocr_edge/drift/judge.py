"""Which signals of a region have moved away from its own reference, since when, and whether that is worth a word.

The reference is the first four weeks, so that each day of the week is in it: a day is compared with days of its own
name, and a steady weekly rhythm is no movement. The mildest of the last three days counts, or the middle one of the
last seven: an odd day now and then is nothing. See ``benchmarks/drift.py`` for what the thresholds were chosen by.
"""

import datetime as dt
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr_edge.drift.day import Day

REFERENCE = 28
"""Days of the reference."""
MIN_LOOKS = 20
"""Looks that a day's mean must rest on; a day with fewer is joined to the next one."""
FEW, MANY = 3, 7
"""Days of which the mildest counts, so that a large movement is said on the third day; and days of which the middle
one does, so that a small one is said on the fourth or later."""
FEW_SPREADS, MANY_SPREADS = 6.0, 4.0
"""How many usual deviations of a day that must be, where what is worth a word is less: weather comes in spells."""
DAYS = 7

Points = Sequence[tuple[dt.date, Day]]


@dataclass(frozen=True, slots=True)
class Signal:
    """What is watched.

    Attributes:
        harm: The direction that does harm: -1 for down, 1 for up, 0 for both.
        least: How much it must move to be worth a word, in its own unit, and
        share: as a share of the reference; the larger of the two counts.
        picture: Whether it is of the picture alone, so that another bundle does not change it.
    """

    harm: int
    least: float
    share: float
    picture: bool


SIGNALS: Mapping[str, Signal] = {
    # Causes before effects: the first that has moved says what to do.
    "moved": Signal(1, 0.03, 0.0, picture=True),  # a third of picture.search: beyond that the marks are lost
    "sharpness": Signal(-1, 0.05, 0.25, picture=True),  # a lens gives by less from summer to winter
    "brightness": Signal(0, 5.0, 0.3, picture=True),  # half a stop; see HARMLESS
    "confidence": Signal(-1, 0.05, 0.0, picture=False),  # calibrated: one reading in twenty more is wrong
    "unread": Signal(1, 0.1, 0.0, picture=False),  # one look in ten more
}
HARMLESS = 0.5
"""Light changes with the season, and reading need not suffer: brightness is said only where ``unread`` or
``confidence`` have moved too, by this share of what is worth a word, or"""
DARK = 24.0
"""where it is under this grey level, twice the ``min_brightness`` at which reading stops."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a signal is from its reference.

    Attributes:
        signal: Its name.
        before: Middle of the reference.
        now: Middle of the last days.
        since: The day it began, as far as it can be told.
        strength: How far it has moved in the direction of harm, as a share of what is worth a word: 1 and more is.
    """

    signal: str
    before: float
    now: float
    since: dt.date
    strength: float


def points(days: Points) -> list[tuple[dt.date, Day]]:
    """Days that rest on enough looks: those with too few are joined to the next one, and are called by its date."""
    found: list[tuple[dt.date, Day]] = []
    left: Day | None = None
    for date, day in days:
        if left is not None:
            left.add(day)
            day = left  # noqa: PLW2901 - the two are one from here on
        if day.looks >= MIN_LOOKS:
            found.append((date, day))
            left = None
        else:
            left = Day()
            left.add(day)
    return found


def shifts(days: Points, picture: bool) -> list[Shift]:
    """How far the signals of a run of days have moved; empty while the reference is not complete.

    Args:
        days: ``points`` with the same set-up, oldest first.
        picture: Whether the signals of the picture are asked for, or those of reading.
    """
    if len(days) < REFERENCE + FEW:
        return []
    found = (_shift(name, signal, days) for name, signal in SIGNALS.items() if signal.picture == picture)
    return [shift for shift in found if shift is not None]


def worth_a_word(found: Sequence[Shift]) -> list[Shift]:
    """Those that somebody should hear of, in the order of ``SIGNALS``."""
    strength = {shift.signal: shift.strength for shift in found}
    suffers = max(strength.get("unread", 0.0), strength.get("confidence", 0.0)) >= HARMLESS
    return [
        shift
        for name in SIGNALS
        for shift in found
        if shift.signal == name
        and shift.strength >= 1
        and (name != "brightness" or suffers or shift.now < DARK)
    ]


def _shift(name: str, signal: Signal, days: Points) -> Shift | None:
    known = [(date, value) for date, day in days if (value := day.mean(name)) is not None]
    reference = [(date, value) for date, value in known if date <= days[REFERENCE - 1][0]]
    later = known[len(reference) :]
    if len(reference) < REFERENCE // 2 or len(later) < FEW:
        return None
    usual = _usual(reference)
    middle = statistics.median(value for _, value in reference)
    apart = [value - usual[date.weekday()] for date, value in reference]
    # 1.48: from the median of the absolute deviations to a standard deviation; the days' own names took some of it.
    spread = 1.48 * statistics.median(abs(each) for each in apart) * (REFERENCE / (REFERENCE - 7)) ** 0.5
    moves = [value - usual[date.weekday()] for date, value in later]
    least = max(signal.least, signal.share * middle)
    strength = best = 0.0
    for harm in (signal.harm,) if signal.harm else (-1, 1):
        few = min(harm * move for move in moves[-FEW:])
        many = statistics.median(harm * move for move in moves[-MANY:])
        for move, times in ((few, FEW_SPREADS), (many, MANY_SPREADS)):
            if move / max(least, times * spread) > strength:
                strength, best = move / max(least, times * spread), harm * move
    now = middle + best if strength >= 1 else statistics.median(value for _, value in later[-MANY:])
    return Shift(name, middle, now, _since([date for date, _ in later], moves, best), strength)


def _usual(reference: Sequence[tuple[dt.date, float]]) -> list[float]:
    """The usual value of each day of the week; of all together where one of them is in the reference once at most."""
    by_name: list[list[float]] = [[] for _ in range(DAYS)]
    for date, value in reference:
        by_name[date.weekday()].append(value)
    if min(len(values) for values in by_name) < 2:
        return [statistics.median(value for _, value in reference)] * DAYS
    return [statistics.median(values) for values in by_name]


def _since(dates: Sequence[dt.date], moves: Sequence[float], move: float) -> dt.date:
    """The day from which on values are nearer to the new level than to the old one (Page's CUSUM, 1954)."""
    total, since = 0.0, dates[-1]
    for date, each in zip(dates, moves, strict=True):
        gain = (each - move / 2) * (1 if move > 0 else -1)
        if total <= 0:
            total, since = 0.0, date
        total += gain
    return since
