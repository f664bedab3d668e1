"""Every reading in SQLite, and how far each receiver has got: the log that outboxes read back from."""

from ocr_edge.sinks.store.store import Store

__all__ = ["Store"]
