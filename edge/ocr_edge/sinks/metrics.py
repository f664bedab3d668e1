"""What the daemon counts, as Prometheus metrics."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ocr_edge.reading import Reading
from ocr_edge.sinks.base import ReceiverStats
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import State

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The daemon at one moment.

    Attributes:
        state: How it is.
        counters: What it has counted.
        outboxes: What went to each receiver.
        latest: The last reading of each region.
        deleted: Readings deleted from the store, by why.
        drift: By region and signal, how far it has moved, as a share of what is worth a word.
    """

    state: State
    counters: Counters
    outboxes: tuple[ReceiverStats, ...] = ()
    latest: tuple[Reading, ...] = ()
    deleted: Mapping[str, int] = field(default_factory=dict)
    drift: Mapping[tuple[str, str], float] = field(default_factory=dict)


def registry(snapshot: Callable[[], Snapshot]) -> "CollectorRegistry":
    """A registry of its own that asks for a snapshot each time it is scraped."""
    from prometheus_client import CollectorRegistry, ProcessCollector  # noqa: PLC0415
    from prometheus_client.registry import Collector  # noqa: PLC0415

    class Daemon(Collector):
        """Asks anew each time."""

        def collect(self) -> "Iterator[Metric]":
            return families(snapshot())

    made = CollectorRegistry()
    made.register(Daemon())
    ProcessCollector(registry=made)
    return made


def families(now: Snapshot) -> "Iterator[Metric]":
    """The metrics of a moment."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily  # noqa: PLC0415

    def total(name: str, text: str, value: Any, *labels: str) -> "Metric":
        return _filled(CounterMetricFamily(f"ocr_edge_{name}", text, labels=labels), value)

    def gauge(name: str, text: str, value: Any, *labels: str) -> "Metric":
        return _filled(GaugeMetricFamily(f"ocr_edge_{name}", text, labels=labels), value)

    count = now.counters
    yield InfoMetricFamily("ocr_edge", "What runs.", dict(now.state.facts))
    yield gauge("healthy", "1 while nothing is wrong.", {(): float(now.state.ok)})
    yield gauge("problem", "1 for each part with a problem.", dict.fromkeys(now.state.problems, 1), "part")
    yield gauge("threads", "Threads of the process.", {(): threading.active_count()})
    yield total("frames", "Frames looked at.", {(): count.frames})
    yield total("capture_errors", "Attempts to get a frame that failed.", {(): count.capture_errors})
    yield total("unchanged", "Regions not read because nothing in them had changed.", {(): count.unchanged})
    yield total("reads", "Regions read.", {(): count.read})
    yield total("read_seconds", "Seconds spent reading regions.", {(): count.read_seconds})
    yield total("readings", "Readings published.", count.news, "region")
    yield total("rejected", "Readings not believed.", count.rejected, "region", "reason")
    yield total("spoiled", "Regions that could not be read, by what was wrong.", count.spoiled, "reason")
    yield total("reloads", "Times that configuration and bundle were read again.", {(): count.reloads})
    boxes = now.outboxes
    yield gauge("queued", "Readings that wait for a receiver.", {b.name: b.queued for b in boxes}, "receiver")
    yield total(
        "delivered", "Readings a receiver has taken.", {b.name: b.delivered for b in boxes}, "receiver"
    )
    yield total(
        "dropped", "Readings a receiver will never get.", {b.name: b.dropped for b in boxes}, "receiver"
    )
    yield total(
        "deleted", "Readings deleted from the store for their age or its size.", now.deleted, "reason"
    )
    yield gauge(
        "drift", "How far a signal has moved; 1 and more is worth a word.", now.drift, "region", "signal"
    )
    said = [reading for reading in now.latest if not reading.why]
    values = {(r.region, r.unit): r.value for r in said if r.value is not None}
    yield gauge("value", "The number a region shows.", values, "region", "unit")
    yield gauge(
        "confidence", "Confidence of the last reading.", {r.region: r.confidence for r in said}, "region"
    )
    yield gauge("reading_timestamp_seconds", "When it was read.", {r.region: r.time for r in said}, "region")


def _filled(family: Any, values: Any) -> "Metric":
    """A family with its values; ``values`` may grow in another thread, so a copy is gone through."""
    for labels, value in dict(values).items():
        family.add_metric((labels,) if isinstance(labels, str) else labels, value)
    metric: Metric = family
    return metric
