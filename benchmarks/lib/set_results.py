"""What systems said about a picture set, as values and as lines of a table."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from lib.picture_sets import Example, Rules
from lib.report import interval, percent
from lib.scoring import Score, score
from lib.systems.processes import Answer
from lib.verdicts import PART, PLAIN, WRITTEN, judged

AS_WRITTEN = ("as written", "95 %", "CER as written")
ACCURACY = ("right", "95 %", "CER", "95 %", *AS_WRITTEN, "in part", "95 %", "said/truth")
COLUMNS = ("set", "split", "system", "n", *ACCURACY, "ms", "CPU ms", "peak MiB")
NAMES = 3
RATIO_NAMES = 2


@dataclass(slots=True)
class Run:
    """What one system said about one set.

    Attributes:
        system: Its name.
        about: Names and versions of its parts.
        read: Each picture with what was said about it, in order.
    """

    system: str
    about: dict[str, str]
    read: list[tuple[Example, Answer]] = field(default_factory=list)

    def scores(self, rules: Rules, labels: Sequence[str]) -> dict[str, Score | None]:
        """The set's scores by its rules: by the names of ``verdicts``; None where the truth does not tell."""
        verdicts = [judged(example, answer.text, rules, labels) for example, answer in self.read]
        found: dict[str, Score | None] = {PLAIN: score([each[PLAIN] for each in verdicts])}
        for name, told in ((WRITTEN, rules.marks), (PART, bool(rules.part))):
            found[name] = score([each[name] for each in verdicts]) if told else None
        return found


def summary(run: Run, rules: Rules, labels: Sequence[str]) -> dict[str, Any]:
    """One system on one set, as plain values; times and memory are medians and maxima over its pictures."""
    answers = [answer for _, answer in run.read]
    return {
        "system": run.system,
        "about": run.about,
        **{name: found and asdict(found) for name, found in run.scores(rules, labels).items()},
        "median_ms": median(answer.ms for answer in answers) if answers else math.nan,
        "median_cpu_ms": median(answer.cpu_ms for answer in answers) if answers else math.nan,
        "peak_mib": max((answer.peak_mib for answer in answers), default=math.nan),
        "failed": sum(bool(answer.error) for answer in answers),
        "pictures": [_picture(example, answer) for example, answer in run.read],
    }


def rows(result: dict[str, Any]) -> list[list[str]]:
    """The lines of the table for one set, one for each system."""
    rules = Rules(**result["rules"])
    lines = []
    for system in result["systems"]:
        got, written, part = (
            found and Score(**found) for found in (system[name] for name in (PLAIN, WRITTEN, PART))
        )
        kind = rules.measure + (", any case" if rules.ignore_case and rules.measure != "values" else "")
        accuracy = [
            *_right(got, kind, rules.has_share_right),
            *([percent(got.cer), interval(got.cer_interval)] if rules.has_error_rate else ["-", ""]),
            *_right(written, "", rules.has_share_right),
            percent(written.cer) if written and rules.has_error_rate else "-",
            *_right(part, rules.part, shown=True),
            "-" if math.isnan(got.said_per_truth) else f"{got.said_per_truth:.2f}",
        ]
        costs = [f"{system[key]:.1f}" for key in ("median_ms", "median_cpu_ms")]
        costs.append(f"{system['peak_mib']:.0f}")
        lines.append([result["set"], result["split"], system["system"], str(got.n), *accuracy, *costs])
    return lines


def _right(found: Score | None, kind: str, shown: bool) -> list[str]:
    """A share that is right, with its interval; a dash where there is none to show."""
    if found is None or not shown:
        return ["-", ""]
    return [f"{kind} {percent(found.rate)}".strip(), interval(found.interval)]


def without_empty(
    columns: Sequence[str], lines: Sequence[Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    """A table without the columns in which nothing stands in any line."""
    kept = [at for at in range(len(columns)) if not lines or any(line[at] not in ("", "-") for line in lines)]
    return [columns[at] for at in kept], [[line[at] for at in kept] for line in lines]


def ratio_columns(peers: Sequence[str]) -> list[str]:
    """Headings of ``ratios``."""
    return ["set", "system", *(f"times as fast as {peer}" for peer in peers)]


def ratios(result: dict[str, Any], ours: str, peers: Sequence[str]) -> list[list[str]]:
    """How many times as long each peer took as ours: the median over pictures, both read in neighbouring turns.

    Args:
        result: One set, as ``pictures.measure_set`` gives it.
        ours: Name of ours; its rows with a pattern begin with it.
        peers: Names of the peers.
    """
    times = {
        system["system"]: {picture["file"]: picture["ms"] for picture in system["pictures"]}
        for system in result["systems"]
    }
    return [
        [result["set"], name, *(_ratio(times.get(peer, {}), mine) for peer in peers)]
        for name, mine in times.items()
        if name.startswith(ours)
    ]


def _ratio(theirs: dict[str, float], mine: dict[str, float]) -> str:
    both = [theirs[file] / ms for file, ms in mine.items() if file in theirs and ms > 0]
    return f"{median(both):.1f}" if both else "-"


def _picture(example: Example, answer: Answer) -> dict[str, Any]:
    times = {"ms": round(answer.ms, 3), "cpu_ms": round(answer.cpu_ms, 3), "steps": answer.steps}
    return {"file": example.name, "truth": example.truth, "said": answer.text, "error": answer.error, **times}
