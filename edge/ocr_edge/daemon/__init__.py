"""The daemon: from frames to published readings, for years."""
