"""When the daemon says that a region has drifted: false alarms in steady years, and days until it notices.

    python benchmarks/drift.py [--years 200] [--runs 100]

Days are drawn, not read: each signal has a level, a weekly rhythm, noise that lasts for days (a share of today's is
tomorrow's), and odd days (somebody stands before the camera). Steady years must give no alarm. Then something happens
half a year after the start, and the days until the first word are counted. Seeded: the numbers come again.
"""

import argparse
import datetime as dt
import random
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lib.report import header, machine, table
from ocr_edge.drift.day import Day
from ocr_edge.drift.judge import REFERENCE, Shift, points, shifts, worth_a_word

START = dt.date(2026, 1, 1)
LOOKS = 400
"""Looks a day: a display that changes every few minutes."""
BEGINS = 180
"""Day on which something happens."""
LIMIT = 180
"""Days after which it counts as not noticed."""
LEVELS = {"sharpness": 0.45, "brightness": 140.0, "moved": 0.002, "unread": 0.05, "confidence": 0.96}
NOISE = {"sharpness": 0.02, "brightness": 8.0, "moved": 0.0005, "unread": 0.015, "confidence": 0.006}
"""Standard deviation of a day's mean."""
WEEKEND = {"sharpness": 0.0, "brightness": -50.0, "moved": 0.0, "unread": 0.08, "confidence": -0.02}
"""What weekends add: nobody switches the lamps on."""
ODD = 0.02
"""Share of days on which everything is odd, as on a cleaning day."""

Event = Callable[[int, dict[str, float]], None]
"""What happens to a day's values, given the days since it began."""


@dataclass(frozen=True)
class World:
    """What a region's days are like.

    Attributes:
        lasts: Share of today's deviation that is tomorrow's.
        noise: Times ``NOISE``.
        weekend: Whether there is a weekly rhythm.
        season: Share by which brightness swings over the year.
    """

    lasts: float = 0.5
    noise: float = 1.0
    weekend: bool = True
    season: float = 0.0


def days(
    dice: random.Random, world: World, count: int, event: Event | None = None
) -> Iterator[tuple[dt.date, Day]]:
    """Days of a region, one after the other."""
    wander = dict.fromkeys(LEVELS, 0.0)
    for number in range(count):
        date = START + dt.timedelta(number)
        values = {}
        for name, level in LEVELS.items():
            fresh = dice.gauss(0, NOISE[name] * world.noise * (1 - world.lasts**2) ** 0.5)
            wander[name] = world.lasts * wander[name] + fresh
            values[name] = level + wander[name]
            if world.weekend and date.weekday() >= 5:
                values[name] += WEEKEND[name]
        values["brightness"] *= 1 + world.season * _season(number)
        if dice.random() < ODD:
            values |= {"sharpness": values["sharpness"] * 0.5, "unread": 0.6, "confidence": 0.7}
        if event is not None and number >= BEGINS:
            event(number - BEGINS, values)
        yield date, made(values)


def made(values: dict[str, float]) -> Day:
    """A day with these means."""
    values = {
        name: min(max(value, 0.0), 255.0 if name == "brightness" else 1.0) for name, value in values.items()
    }
    unread = round(LOOKS * values["unread"])
    said = LOOKS - unread
    return Day(
        looks=LOOKS,
        unread=unread,
        sharpness=LOOKS * values["sharpness"],
        brightness=LOOKS * values["brightness"],
        placed=LOOKS,
        moved=LOOKS * values["moved"],
        said=said,
        confidence=said * values["confidence"],
    )


def judged(known: list[tuple[dt.date, Day]]) -> list[Shift]:
    """What is said after the last of these days."""
    joined = points(known)
    return worth_a_word([*shifts(joined, picture=True), *shifts(joined, picture=False)])


def false_alarms(world: World, years: int, seed: int) -> float:
    """Alarms a year that begin in steady years, each of a region of its own."""
    count = 0
    for year in range(years):
        known, said = [], False
        for each in days(random.Random(f"{seed} {year}"), world, 365 + REFERENCE):
            known.append(each)
            now = bool(judged(known))
            count += now and not said
            said = now
    return count / years


def noticed(world: World, event: Event, runs: int, seed: int) -> tuple[list[int], list[str]]:
    """Days until the first word, ``LIMIT`` where there was none, and which signal came first."""
    took, first = [], []
    for run in range(runs):
        known: list[tuple[dt.date, Day]] = []
        for number, each in enumerate(days(random.Random(f"{seed} {run}"), world, BEGINS + LIMIT, event)):
            known.append(each)
            found = judged(known) if number >= BEGINS else []
            if found:
                took.append(number - BEGINS + 1)
                first.append(found[0].signal)
                break
        else:
            took.append(LIMIT)
    return took, first


def _season(number: int) -> float:
    """1 in the middle of the year, -1 at its ends."""
    return 1 - abs((number % 365) / 365 - 0.5) * 4


def slow_fog(since: int, values: dict[str, float]) -> None:
    """Dust on the lens: sharpness halves in 60 days, reading suffers from half of that on."""
    share = min(since / 60, 1.0)
    values["sharpness"] *= 1 - 0.5 * share
    _suffer(values, max(share - 0.5, 0.0) * 2)


def sudden_fog(since: int, values: dict[str, float]) -> None:
    """A splash: sharpness is down to 40 % from one day to the next."""
    values["sharpness"] *= 0.4
    _suffer(values, 1.0)


def darkening(since: int, values: dict[str, float]) -> None:
    """A lamp that ages: light falls to a quarter in 90 days, reading suffers from half of that on."""
    share = min(since / 90, 1.0)
    values["brightness"] *= 1 - 0.75 * share
    _suffer(values, max(share - 0.5, 0.0) * 2)


def new_font(since: int, values: dict[str, float]) -> None:
    """Another display: the same light, but it reads less surely."""
    values["confidence"] -= 0.12
    values["unread"] += 0.15


def turned(since: int, values: dict[str, float]) -> None:
    """Somebody has pushed the camera."""
    values["moved"] += 0.05


def _suffer(values: dict[str, float], share: float) -> None:
    values["confidence"] -= 0.15 * share
    values["unread"] += 0.3 * share


EVENTS = (slow_fog, sudden_fog, darkening, new_font, turned)
WORLDS = {
    "no rhythm, each day for itself": World(lasts=0.0, weekend=False),
    "weekends, spells of two days": World(),
    "weekends, spells of ten days": World(lasts=0.9),
    "the same, twice the noise": World(lasts=0.9, noise=2.0),
    "light that swings by 40 % over the year": World(season=0.4),
}


def main() -> int:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--years", type=int, default=200, help="steady years of each kind (default: %(default)s)"
    )
    parser.add_argument("--runs", type=int, default=100, help="runs of each event (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(header(machine(), {}) + "\n")
    rows = [
        [name, str(args.years), f"{false_alarms(w, args.years, args.seed):.3f}"] for name, w in WORLDS.items()
    ]
    print(table(("steady", "years", "false alarms a year"), rows) + "\n")
    rows = []
    for event in EVENTS:
        took, first = noticed(World(), event, args.runs, args.seed)
        missed = sum(each == LIMIT for each in took)
        common = statistics.mode(first) if first else "-"
        told = (event.__doc__ or "").partition("\n")[0].rstrip(".")
        rows.append(
            [told, str(args.runs), f"{statistics.median(took):.0f}", str(max(took)), str(missed), common]
        )
    print(
        table(("what happens", "runs", "days until said, middle", "longest", "not said", "said first"), rows)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
