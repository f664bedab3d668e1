"""Numbers of a meter: what a text stands for, and whether that can be.

A rejected number is not forgotten: when it stays, the number believed before was the wrong one, and it is believed
after all. So no misread value can lock out the right ones for longer than ``recover_after_s``.
"""

import math
import re
from dataclasses import dataclass, field

from ocr_edge.config.settings import Value

RENEWAL_S = 300.0
"""Seconds that a display may go on showing an old number: a step that it then makes may have taken so long."""
_NUMBER = re.compile(r"-?\d{1,15}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is thought of a text.

    Attributes:
        value: The number, None when it is none or is not believed.
        rule: Which rule speaks against it: ``number``, ``range``, ``direction`` or ``rate``; empty when none does.
        why: The same for people.
    """

    value: float | None
    rule: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A number, when it was seen last, and since when."""

    value: float
    at: float
    changed_at: float

    @classmethod
    def after(cls, before: "_Seen | None", value: float, at: float) -> "_Seen":
        same = before is not None and before.value == value
        return cls(value, at, before.changed_at if before is not None and same else at)


def parse(text: str, decimals: int) -> float | None:
    """The number a text stands for.

    Args:
        text: Digits on one line, perhaps with a minus before them; spaces do not count.
        decimals: Digits after a decimal point that the picture does not show.

    Returns:
        The number, None when the text is not one.
    """
    digits = text.replace(" ", "")
    return round(int(digits) / 10**decimals, decimals) if _NUMBER.fullmatch(digits) else None


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

    def resume(self, value: float, at: float) -> None:
        """Take up where an earlier run ended: this number was believed then."""
        self._believed = _Seen(value, at, at)

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
        value = parse(text, rules.decimals)
        if value is None:
            return Verdict(None, "number", "not a number")
        if rules.min is not None and value < rules.min:
            return Verdict(None, "range", f"below {rules.min:g}")
        if rules.max is not None and value > rules.max:
            return Verdict(None, "range", f"above {rules.max:g}")
        against = self._against(self._believed, value, at)
        if against and not self._is_confirmed(value, at):
            return Verdict(None, *against)
        self._believed = _Seen.after(self._believed, value, at)
        self._doubted, self._doubted_since = None, math.inf
        return Verdict(value)

    def _is_confirmed(self, value: float, at: float) -> bool:
        """Whether doubted numbers that agree with each other have been coming in for long enough."""
        doubted = self._doubted
        if doubted is None or self._against(doubted, value, at):
            self._doubted_since = at
        self._doubted = _Seen.after(doubted, value, at)
        return at - self._doubted_since >= self.settings.recover_after_s

    def _against(self, before: _Seen | None, value: float, at: float) -> tuple[str, str] | None:
        """The rule by which a number can't follow another one, and why; None when it can."""
        if before is None:
            return None
        change, rules = value - before.value, self.settings
        change = round(change, rules.decimals)
        if rules.direction == "up" and change < 0:
            return "direction", f"falls from {before.value:.{rules.decimals}f}"
        if rules.direction == "down" and change > 0:
            return "direction", f"rises from {before.value:.{rules.decimals}f}"
        if rules.max_rate_per_h is not None:
            # The last digit may just have turned: one step is always allowed.
            unseen, unchanged = max(at - before.at, 0.0), min(before.at - before.changed_at, RENEWAL_S)
            allowed = rules.max_rate_per_h * (unseen + unchanged) / 3600 + 10.0**-rules.decimals
            if abs(change) > allowed * (1 + 1e-9):
                most = f"at most {allowed:.{rules.decimals}f} by now"
                return "rate", f"changes by {abs(change):.{rules.decimals}f}, {most}"
        return None
