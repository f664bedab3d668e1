"""Checks as a table for people and as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from ocr_edge.diagnose.check import Check

MARKS = {"ok": "ok", "warn": "WARN", "fail": "FAIL", "unknown": "?"}


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
