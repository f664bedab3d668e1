"""A trial in words: what a region would say, or why it would say nothing and what helps."""

from ocr_edge.reading import Reading, plain
from ocr_edge.regions.number import behind as number_behind
from ocr_edge.sinks.base import printable
from ocr_edge.trial.looking import Trial

SEE_QUALITY = "see When a region cannot be read in docs/regions.md"
ADVICE = {
    "no text": "does its text lie inside its outline, with a margin of a third of its height?",
    "pattern": "correct its pattern or format, or its corners",
    "below min_confidence": "text_height, polarity or a pattern may help; its limit is min_confidence",
    "dark": SEE_QUALITY,
    "over-exposed": SEE_QUALITY,
    "blurred": SEE_QUALITY,
    "glaring": SEE_QUALITY,
}
"""What to do, by the reason for which nothing is said."""
WHEELS = (
    "correct its corners (its window, nothing else), its pattern or format (one digit a wheel), or rolling"
)
"""The same for a counter of wheels, unless the light is to blame."""
NO_UNIT = ".,:;/'+-"
"""Marks that begin no unit: what stands after a number and begins with one belongs to it."""


def found(trial: Trial) -> str:
    """What a region would say, one line."""
    reading = trial.reading
    asleep = "; its schedule leaves it out at this time of day" if trial.asleep else ""
    if not reading.why:
        said = f'"{shown(reading.text)}"'
        if reading.value is not None:
            said = f"{number(reading)}, read as {said}"
        return f"{said}, confidence {reading.confidence:.2f}{asleep}"
    if reading.raw:
        return f'"{shown(reading.raw)}" is not believed: {reading.why}{asleep}'
    seen = ""
    if trial.seen and trial.seen.lines:
        seen = f'; what is read there is "{shown(trial.seen.text)}", confidence {trial.seen.confidence:.2f}'
    return f"says nothing: {_why(trial)}{seen}{asleep}"


def advice(trial: Trial) -> str:
    """What to do about a region that says nothing; empty where nothing is known to help."""
    why, rules = trial.reading.why, trial.region.value
    known = ADVICE.get(why, "")
    if trial.reading.raw and why.startswith("not a number"):
        return number_advice(trial.reading.raw, 'unit = "{}"', "format", "corners")
    return WHEELS if rules and rules.rolling and known != SEE_QUALITY and not trial.reading.raw else known


def is_drawn(trial: Trial) -> bool:
    """Whether a drawing of the regions on the picture makes plain why it says nothing."""
    why = trial.reading.why
    return why in {"no text", "pattern"} or why.startswith("not a number")


def number_advice(raw: str, unit: str, form: str, corners: str) -> str:
    """What to do about a text that is no number.

    Args:
        raw: The text.
        unit: How a unit is given, with ``{}`` in its place.
        form: What a format is called where it is given.
        corners: What corners are called there.
    """
    lines = raw.strip().split("\n")
    if len(lines) > 1:
        beside = [line for line in lines if not any(map(str.isdigit, line))]
        if len(lines) == 2 and len(beside) == 1:
            return (
                f"give {unit.format(beside[0])} if that is its unit, or {corners} of the number's line alone"
            )
        return f"give {corners} of the number's line alone"
    behind = number_behind(raw)
    if behind and behind[0] not in NO_UNIT:
        return f"give {unit.format(behind)} if that is its unit, or {corners} that leave it out"
    return f"give its {form}, such as 00:00 for a time, or {corners} that leave other text out"


def caption(trial: Trial) -> str:
    """The same for a drawing."""
    reading, name = trial.reading, trial.region.name
    if reading.why:
        seen = reading.raw or (trial.seen.text if trial.seen else "")
        return f"{name}: {_why(trial)}" + (f" ({shown(seen)})" if seen else "")
    said = shown(reading.text) if reading.value is None else number(reading)
    return f"{name}: {said} {reading.confidence:.0%}"


def number(reading: Reading) -> str:
    """A reading's value with its unit; empty where it has none."""
    return "" if reading.value is None else f"{reading.value:.15g} {reading.unit}".rstrip()


def _why(trial: Trial) -> str:
    """Why it would say nothing, for people."""
    return plain(trial.reading.why, trial.region.value.format if trial.region.value else None)


def shown(lines: str) -> str:
    """Lines of text as one."""
    return printable(" / ".join(lines.splitlines()))
