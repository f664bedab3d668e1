"""What a check found."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail", "unknown"]


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
