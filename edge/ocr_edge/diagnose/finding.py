"""What a check found, and many of them as a table for people and as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal

from ocr_edge.errors import one_line

MARKS = {"ok": "ok", "warning": "WARN", "error": "FAIL", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        level: ``ok``; ``warning``: it works, but not for years; ``error``: it does not; ``unknown``: nobody can tell.
        name: What it is.
        found: What was found, one line in words for people.
        advice: What to do, with the exact command where there is one; empty when there is nothing to do.
        code: Exit code of ``ocr-edge check`` for it: 0, 1 where the daemon starts all the same and waits, 2 for a wrong
            configuration, 3 for a wrong bundle.
    """

    level: Literal["ok", "warning", "error", "unknown"]
    name: str
    found: str
    advice: str = ""
    code: int = 0


ok = partial(Finding, "ok")
warning = partial(Finding, "warning")
error = partial(Finding, "error", code=1)
unknown = partial(Finding, "unknown")


def table(findings: Sequence[Finding]) -> str:
    """One line for each finding, below it what to do, and a summary."""
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for each in findings:
        lines.append(f"{MARKS[each.level]:5} {each.name:{width}}  {one_line(each.found)}".rstrip())
        if each.advice:
            lines.append(f"{'':5} {'':{width}}  -> {one_line(each.advice)}")
    return "\n".join([*lines, "", summary(findings)])


def summary(findings: Sequence[Finding]) -> str:
    """How many are wrong, in one line; that nothing is, where the exit code is 0 too."""
    errors, warnings, unknowns = (
        sum(each.level == level for each in findings) for level in ("error", "warning", "unknown")
    )
    counts = [f"{errors} wrong"] if errors else []
    if errors or warnings:
        counts.append(f"{warnings} to look at")
    if unknowns:
        counts.append(f"{unknowns} not known")
    if not errors and not any(each.code for each in findings):
        counts.insert(0, "Nothing is wrong")
    return f"{', '.join(counts)}."


def as_json(findings: Sequence[Finding]) -> str:
    """``{"ok": …, "checks": […]}``."""
    good = not any(each.level == "error" for each in findings)
    return json.dumps(
        {"ok": good, "checks": [asdict(each) for each in findings]}, indent=1, ensure_ascii=False
    )
