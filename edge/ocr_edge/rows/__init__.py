"""Texts that go over several rows, such as a plate's, read as one."""

from ocr_edge.rows.finder import Rows
from ocr_edge.rows.reader import RowsReader

__all__ = ["Rows", "RowsReader"]
