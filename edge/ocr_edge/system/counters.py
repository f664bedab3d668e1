"""What the daemon has counted since it started; written by the loop alone, read by the metrics page."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Totals since the start.

    Attributes:
        frames: Frames looked at.
        unchanged: Regions skipped because nothing in them had changed.
        read: Regions read.
        read_seconds: Seconds spent reading them.
        capture_errors: Attempts to get a frame that failed.
        news: Readings published, by region.
        rejected: Readings not believed, by region and reason.
        spoiled: Regions that could not be read, by what was wrong with the picture.
        reloads: Times that configuration and bundle were read again, whether that went well or not.
    """

    frames: int = 0
    unchanged: int = 0
    read: int = 0
    read_seconds: float = 0.0
    capture_errors: int = 0
    news: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    spoiled: Counter[str] = field(default_factory=Counter)
    reloads: int = 0
