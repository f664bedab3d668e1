"""Numbers of a meter: whether what a text stands for can be.

A rejected number is not forgotten: when it stays, the number believed before was the wrong one, and it is believed
after all. So no misread value can lock out the right ones for longer than ``recover_after_s``.
"""

import math
from dataclasses import dataclass, field

from ocr_edge.config.settings import Value
from ocr_edge.regions.number import Number, parse
from ocr_edge.regions.number_format import NumberFormat

RENEWAL_S = 300.0
"""Seconds that a display may go on showing an old number: a step that it then makes may have taken so long."""
MAX_CROSSING = 2
"""Steps of the last digit that a number may change by when only its sign or mark does: 0.1 may follow -0.1."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is thought of a text.

    Attributes:
        value: The number, None when it is none or is not believed.
        rule: Which rule speaks against it: ``number``, ``doubt``, ``range``, ``marks``, ``direction`` or ``rate``;
            empty when none does.
        why: The same for people.
    """

    value: float | None
    rule: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A number, when it was seen last, and since when."""

    number: Number
    at: float
    changed_at: float

    @classmethod
    def after(cls, before: "_Seen | None", number: Number, at: float) -> "_Seen":
        same = before is not None and before.number.value == number.value
        return cls(number, at, before.changed_at if before is not None and same else at)


def number_of(text: str, rules: Value) -> Number:
    """The number that a region's text stands for.

    Raises:
        ValueError: It is none, or could be two; the message says why.
    """
    if rules.format:
        return NumberFormat.parse(rules.format, rules.decimals, rules.unit).number(text)
    return parse(text, rules.decimals, rules.unit)


@dataclass(slots=True)
class Plausibility:
    """Remembers what was believed last and decides on what comes next.

    Attributes:
        settings: The region's rules.
    """

    settings: Value
    _believed: _Seen | None = None
    _doubted: _Seen | None = None
    _doubted_since: float = field(default=math.inf)

    @property
    def believed(self) -> float | None:
        """The number that was believed last."""
        return self._believed.number.value if self._believed else None

    def resume(self, value: float, at: float) -> None:
        """Take up where an earlier run ended: this number was believed then."""
        # How many digits it was shown with is not kept.
        text = repr(value)
        shown = len(text.partition(".")[2].rstrip("0")) if "e" not in text else 0
        self._believed = _Seen(Number(value, max(shown, self.settings.decimals)), at, at)

    def pause(self) -> None:
        """Nothing was there: a doubted number that comes back later has not stood all the time."""
        self._doubted, self._doubted_since = None, math.inf

    def judge(self, text: str, at: float) -> Verdict:
        """Decide on a settled text; ask again as long as it stands, so that time can speak for it.

        Args:
            text: What was read.
            at: Seconds on a clock that never jumps.

        Returns:
            The number when it is believed, else the reason.
        """
        rules = self.settings
        try:
            number = number_of(text, rules)
        except ValueError as error:
            return Verdict(None, "number", str(error))
        value = number.value
        if rules.min is not None and value < rules.min:
            return Verdict(None, "range", f"below {rules.min:g}")
        if rules.max is not None and value > rules.max:
            return Verdict(None, "range", f"above {rules.max:g}")
        against = self._against(self._believed, number, at)
        if against and not self._is_confirmed(number, at):
            return Verdict(None, *against)
        self._believed = _Seen.after(self._believed, number, at)
        self._doubted, self._doubted_since = None, math.inf
        return Verdict(value)

    def _is_confirmed(self, number: Number, at: float) -> bool:
        """Whether doubted numbers that agree with each other have been coming in for long enough."""
        doubted = self._doubted
        if doubted is None or self._against(doubted, number, at):
            self._doubted_since = at
        self._doubted = _Seen.after(doubted, number, at)
        return at - self._doubted_since >= self.settings.recover_after_s

    def _against(self, before: _Seen | None, number: Number, at: float) -> tuple[str, str] | None:
        """The rule by which a number can't follow another one, and why; None when it can."""
        if before is None:
            return None
        rules, old = self.settings, before.number
        # A display that has no more room shows fewer digits: 9.99 is followed by 10.0.
        fine, step = max(number.decimals, old.decimals), 10.0 ** -min(number.decimals, old.decimals)
        change = round(number.value - old.value, fine)
        if number.digits == old.digits and abs(change) > MAX_CROSSING * step * (1 + 1e-9):
            return "marks", f"only the sign or the decimal mark of {old.value:.{old.decimals}f} changes"
        if rules.direction == "up" and change < 0:
            return "direction", f"falls from {old.value:.{fine}f}"
        if rules.direction == "down" and change > 0:
            return "direction", f"rises from {old.value:.{fine}f}"
        if rules.max_rate_per_h is not None:
            # The last digit may just have turned: one step is always allowed.
            unseen, unchanged = max(at - before.at, 0.0), min(before.at - before.changed_at, RENEWAL_S)
            allowed = rules.max_rate_per_h * (unseen + unchanged) / 3600 + step
            if abs(change) > allowed * (1 + 1e-9):
                unit = f" {rules.unit}".rstrip()
                return (
                    "rate",
                    f"changes by {abs(change):.{fine}f}{unit}, at most {allowed:.{fine}f}{unit} by now",
                )
        return None
