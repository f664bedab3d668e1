"""The times of day in which a region is read."""

import datetime as dt
from collections.abc import Sequence

DAY = 24 * 60


def active(schedule: Sequence[str], now: dt.time) -> bool:
    """Whether one of the spans holds the time.

    Args:
        schedule: Spans such as ``06:00-22:00``, the end exclusive; ``22:00-06:00`` goes over midnight. Empty: always.
        now: Local time of day.

    Raises:
        ValueError: A span is none; see ``span``.
    """
    minute = now.hour * 60 + now.minute
    spans = [span(text) for text in schedule]
    # Counted from its start, a span over midnight is like any other.
    return not spans or any(
        (minute - start) % DAY < (end - start) % DAY or end - start == DAY for start, end in spans
    )


def span(text: str) -> tuple[int, int]:
    """First minute of the day that a span holds, and the first after it.

    Raises:
        ValueError: A time does not exist (``25:00``), or the span has no length.
    """
    start, _, end = text.partition("-")
    begin, stop = _minute(start, text), _minute(end, text)
    if begin == stop:
        raise ValueError(f"schedule {text!r} starts when it ends; leave schedule out to read at all times")
    return begin, stop


def _minute(clock: str, text: str) -> int:
    hour, _, minute = clock.partition(":")
    if hour.isdecimal() and minute.isdecimal() and len(hour) == len(minute) == 2:
        total = int(hour) * 60 + int(minute)
        if int(minute) < 60 and total <= DAY:
            return total
    raise ValueError(f"schedule {text!r}: {clock!r} is no time of day; expected such as 06:00-22:00")
