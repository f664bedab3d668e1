"""What is said of a region that has drifted: what to do, what moved, and since when, in one line."""

import datetime as dt
from collections.abc import Sequence

from ocr_edge.drift.judge import Shift

ADVICE = {
    "moved": "the camera has moved: put it back, or take a new reference picture",
    "sharpness": "sharper pictures are needed",
    "brightness": "more light is needed",
    "unread": "look at its pictures",
    "confidence": "train it on its own characters",
}
LESS_LIGHT = "less light is needed"
NAMES = {
    "moved": "the shift",
    "sharpness": "sharpness",
    "brightness": "brightness",
    "unread": "pictures without a reading",
    "confidence": "confidence",
}
PERCENT = ("moved", "unread", "confidence")
"""Signals told in percent; sharpness is 0 to 100 without, as on the page."""
STRANGE = 0.05
"""Share of characters that the reference does not have, from which on they are mentioned: more than odd misreads."""


def line(shifts: Sequence[Shift], strange: float, today: dt.date) -> str:
    """One line, such as ``sharper pictures are needed: sharpness fell from 42 to 17 since 12 March``.

    Args:
        shifts: What is worth a word, the cause first; at least one.
        strange: Share of the last days' characters that the reference does not have.
        today: Dates of another year are told with it.
    """
    first = shifts[0]
    advice = ADVICE[first.signal]
    if first.signal == "brightness" and first.now > first.before:
        advice = LESS_LIGHT
    parts = [f"{_moved(first)} since {date(first.since, today)}", *map(_moved, shifts[1:])]
    if strange >= STRANGE and any(shift.signal in ("confidence", "unread") for shift in shifts):
        parts.append(f"{strange:.0%} of the characters are none that it knew")
    return f"{advice}: {'; '.join(parts)}"


def date(day: dt.date, today: dt.date) -> str:
    """A day as people say it, with its year where it is another one."""
    return f"{day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")


def _moved(shift: Shift) -> str:
    verb = "rose" if shift.now > shift.before else "fell"
    return f"{NAMES[shift.signal]} {verb} from {value(shift.signal, shift.before)} to {value(shift.signal, shift.now)}"


def value(signal: str, number: float) -> str:
    """A signal's value with its unit."""
    if signal == "brightness":
        return f"{number:.0f}"
    text = f"{100 * number:.1f}" if signal == "moved" else f"{100 * number:.0f}"
    return f"{text} %" if signal in PERCENT else text
