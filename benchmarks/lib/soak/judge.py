"""What ``soak.py`` makes of what it saw: readings lost or doubled, and whether anything grows."""

import json
import math
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

SETTLED_MIN = 10.0
"""Minutes until caches are warm and the store has reached its size; only what comes later is judged."""
GROWING = {"rss_mib": 1.0, "anon_mib": 1.0, "threads": 3.0, "files": 3.0}
"""What is judged, and its growth in an hour that counts as none. The service may have 400 MB and takes 140; one thread
or file that happens to be there at the later samples is 2.4 an hour."""
COUNTED = ("lost", "repeated", "ids of two readings")


class Ledger:
    """The readings somebody got: how often each id, and whether it always meant the same."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()
        self.changed: set[str] = set()
        self._meaning: dict[str, int] = {}

    def take(self, reading: dict[str, Any]) -> None:
        """Note one."""
        meaning = hash(json.dumps(reading, sort_keys=True))
        self.times[reading["id"]] += 1
        if self._meaning.setdefault(reading["id"], meaning) != meaning:
            self.changed.add(reading["id"])

    def against(self, published: "Ledger") -> tuple[int, int, int]:
        """``COUNTED``, of all that was published."""
        lost = len(published.times.keys() - self.times.keys())
        other = {id_ for id_, meaning in self._meaning.items() if published._meaning.get(id_) != meaning}
        return lost, sum(self.times.values()) - len(self.times), len(self.changed | other)


def growth(samples: Sequence[dict[str, Any]], key: str) -> float:
    """How much more there is after an hour: the settled samples' last quarter against the second; NaN for too few."""
    settled = [one for one in samples if one["minute"] > SETTLED_MIN]
    quarter = len(settled) // 4
    if quarter < 2:
        return math.nan
    parts = settled[quarter : 2 * quarter], settled[-quarter:]
    early, late = (statistics.median(one[key] for one in part) for part in parts)
    hours = statistics.mean(one["minute"] for one in parts[1]) - statistics.mean(
        one["minute"] for one in parts[0]
    )
    return float((late - early) / (hours / 60))


def verdict(result: dict[str, Any]) -> tuple[bool, str]:
    """Whether all is well, and a line that says it with its figures."""
    found = result["growth per hour"]
    bad = [f"{key} GROWS: {found[key]:+.2f} an hour" for key, most in GROWING.items() if found[key] > most]
    for name, row in result["receivers"].items():
        bad += [f"{name}: {row[what]} {what}" for what in ("lost", "ids of two readings") if row[what]]
    if result["exit"]:
        bad.append(f"the daemon ended with {result['exit']}")
    if bad:
        return False, "; ".join(bad)
    grows = found["rss_mib"]
    flat = "too short to say whether memory is" if math.isnan(grows) else f"{grows:+.2f} MiB an hour:"
    return True, f"{flat} flat; nothing lost, no id of two readings"
