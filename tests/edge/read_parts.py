"""A pipeline that says what a picture's size is, and pictures for it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge.commands import read
from ocr_edge.contract.types import Box
from ocr_edge.reading import Character, Line, Reading

OPEN_READER = read.open_reader


class FakeReader:
    """Reads a picture of width 57 as ``57``, and a black one as nothing."""

    pipeline = recording = None

    def read(self, image, *, source="", time=0.0):
        if not image.max():
            return Reading(source, (), time, why="no text")
        text = str(image.shape[1])
        found = [Character(c, 0.9, Box(4 + 8 * i, 4, 7, 9)) for i, c in enumerate(text)]
        return Reading(source, (Line(tuple(found)),), time)


@pytest.fixture(autouse=True)
def opened(monkeypatch):
    calls = []
    monkeypatch.setattr(read, "open_reader", lambda args: calls.append(args) or FakeReader())
    return calls


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Pictures of widths 10, 20 and 30, a black one, a damaged one and a text, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for width in (10, 20, 30):
        cv2.imwrite(f"p{width}.png", np.full((16, width, 3), 200, np.uint8))
    cv2.imwrite("black.png", np.zeros((16, 16, 3), np.uint8))
    Path("bad.png").write_bytes(Path("p10.png").read_bytes()[:40])
    Path("notes.txt").write_text("Dear diary")
    return tmp_path
