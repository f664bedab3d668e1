"""What speaks against a value, over the frames that it was read in, and why it is then not believed."""

import math
from dataclasses import dataclass, field, replace

from ocr_edge.reading import Character, Doubt, Line, Reading

MOST_LEAD = 30.0
"""Nats beyond which a frame is as sure of a value as it can be: one must not outvote ten."""
TELLING = "+-.,:/"
"""Marks that a value depends on; letters, such as the unit's, do not count."""
LEAST = 0.01
"""Weight from which a frame counts; those that weigh less are forgotten."""


@dataclass(slots=True)
class _Heard:
    """One value: decayed sums over the frames that read it."""

    text: str
    doubt: Doubt
    weight: float = 0.0
    leads: float = 0.0


@dataclass(slots=True)
class Doubts:
    """Gathers what the frames of a track say of values, weighted like the frames."""

    _heard: dict[float | str, _Heard] = field(default_factory=dict)

    def decay(self, by: float) -> None:
        """Count for less."""
        for heard in self._heard.values():
            heard.weight *= by
            heard.leads *= by
        self._heard = {value: heard for value, heard in self._heard.items() if heard.weight >= LEAST}

    def add(self, reading: Reading, weight: float) -> None:
        """Take a frame's reading; only one of a single line can be a value."""
        doubt = reading.lines[0].doubt if len(reading.lines) == 1 else None
        if doubt is None:
            return
        heard = self._heard.setdefault(doubt.value, _Heard(reading.text, doubt))
        heard.text, heard.doubt = reading.text, doubt
        heard.weight += weight
        heard.leads += weight * min(doubt.lead, MOST_LEAD)

    def told(self, lines: tuple[Line, ...]) -> tuple[Line, ...]:
        """Fused lines with the doubt of all frames: those that read another value speak against theirs."""
        if len(lines) != 1 or not self._heard:
            return lines
        own = next(
            (heard for heard in self._heard.values() if _plain(heard.text) == _plain(lines[0].text)), None
        )
        others = [heard for heard in self._heard.values() if heard is not own]
        total = sum(heard.weight for heard in self._heard.values())
        against = sum(heard.leads for heard in others if heard.leads > 0)
        lead = ((own.leads if own else 0.0) - against) / total
        rival = max(others, key=lambda heard: heard.weight).text if others else own.doubt.rival if own else ""
        value = own.doubt.value if own else lines[0].text
        return (replace(lines[0], doubt=Doubt(value, lead, rival)),)


def why_doubted(line: Line, min_lead: float, certainty: float) -> str:
    """Why a fused line's value is not believed, for people; empty when it is.

    Args:
        line: It, with what speaks against it where whoever read it could say.
        min_lead: How many times likelier than any other value it must be; 0 where that is not asked.
        certainty: Probability that each of its digits and marks must have.
    """
    telling = [c for c in line.characters if c.text.isdecimal() or c.text in TELLING]
    weakest = min(telling, key=_sure, default=None)
    if weakest is not None and (sure := _sure(weakest)) < certainty:
        others = [f"{text} {p:.0%}" for text, p in weakest.alternatives[1:2] if p >= 0.005]
        return f"{weakest.text} in {line.text} is {sure:.0%} sure{_or(others)}, expected {certainty:.0%}"
    doubt = line.doubt
    if doubt is None or not min_lead:
        return ""
    if doubt.lead < math.log(min_lead):
        times = math.exp(min(max(doubt.lead, -5.0), 50.0))
        return (
            f"{line.text} is {times:.2g} times as likely as {doubt.rival or 'others'}, expected {min_lead:g}"
        )
    return ""


def _sure(character: Character) -> float:
    """How sure it is; a point and a comma are one mark, which no value depends on."""
    if character.text not in ".,":
        return character.confidence
    return sum(p for text, p in character.alternatives if text in ".,")


def _plain(text: str) -> str:
    """A text as all ways to write its value have it: a comma is a point, spaces do not count."""
    return text.replace(",", ".").replace(" ", "")


def _or(others: list[str]) -> str:
    return f" ({', '.join(others)})" if others else ""
