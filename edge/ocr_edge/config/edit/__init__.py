"""A configuration with other regions, marks and limits: only what changes is touched, and every comment stays."""

from ocr_edge.config.edit.text import edited

__all__ = ["edited"]
