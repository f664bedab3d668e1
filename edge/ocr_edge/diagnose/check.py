"""What a check found, and many of them as a table for people and as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail", "unknown"]
MARKS = {"ok": "ok", "warn": "WARN", "fail": "FAIL", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        verdict: ``ok``; ``warn``: it works, but not for years; ``fail``: it does not; ``unknown``: nobody can tell.
        found: What was found, one line in words for people.
        advice: What to do, with the exact command where there is one; empty when there is nothing to do.
    """

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def ok(name: str, found: str, advice: str = "") -> Check:
    """Nothing is wrong."""
    return Check(name, "ok", found, advice)


def warn(name: str, found: str, advice: str) -> Check:
    """It works, but will not for long or not well."""
    return Check(name, "warn", found, advice)


def fail(name: str, found: str, advice: str) -> Check:
    """It does not work."""
    return Check(name, "fail", found, advice)


def unknown(name: str, found: str, advice: str = "") -> Check:
    """Nobody can tell."""
    return Check(name, "unknown", found, advice)


def table(checks: Sequence[Check]) -> str:
    """One line for each check, below it what to do, and a summary."""
    width = max((len(check.name) for check in checks), default=0)
    lines = []
    for check in checks:
        lines.append(f"{MARKS[check.verdict]:5} {check.name:{width}}  {check.found}".rstrip())
        if check.advice:
            lines.append(f"{'':5} {'':{width}}  -> {check.advice}")
    return "\n".join([*lines, "", summary(checks)])


def summary(checks: Sequence[Check]) -> str:
    """How many are wrong, in one line."""
    fails, warns = (sum(check.verdict == verdict for check in checks) for verdict in ("fail", "warn"))
    if fails:
        return f"{fails} wrong, {warns} to look at."
    return f"Nothing is wrong, {warns} to look at." if warns else "Nothing is wrong."


def as_json(checks: Sequence[Check]) -> str:
    """``{"ok": …, "checks": […]}``."""
    good = not any(check.verdict == "fail" for check in checks)
    return json.dumps(
        {"ok": good, "checks": [asdict(check) for check in checks]}, indent=1, ensure_ascii=False
    )
