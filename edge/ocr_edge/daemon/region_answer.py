"""One region of a thing of its own, such as a picture that somebody asked for: read in a few frames, said once."""

from dataclasses import replace

from ocr_edge.daemon.region_reader import RegionReader
from ocr_edge.geometry import rectify
from ocr_edge.reading import Reading
from ocr_edge.sources.base import Frame


class Answer:
    """The reading of a thing of its own, shown in a few frames.

    Attributes:
        reader: Of its region.
        latest: The latest frame's reading; None before.
        done: Whether more frames would not change it.
        shown: What the latest frame shows by itself; None where nothing is sure enough.
        waits: Why no frame counted so far: its condition; empty where one did.
    """

    def __init__(self, reader: RegionReader) -> None:
        self.reader = reader
        self._stabilizer = reader.fresh()  # nothing of other things is in it
        self.latest: Reading | None = None
        self.shown: Reading | None = None
        self.done, self.waits = False, ""

    def push(self, frame: Frame, cut: rectify.Rectified) -> None:
        """Take one frame."""
        self.waits, self.shown = "", None
        judged = self.reader.judge_quality(cut)
        latest = self.reader.read(frame, cut)
        if not judged.problem and self.reader.is_sure(latest):
            self.shown = latest
        self.done = self._stabilizer.push(latest, frame.monotonic, judged.weight).is_still
        self.latest = replace(latest, why=judged.problem or latest.why)

    def reading(self, monotonic: float) -> Reading:
        """The best reading of the frames so far, or why there is none."""
        if self.latest is None:
            raise ValueError("no frame to read")
        best = self._stabilizer.best()
        if best is None:
            return replace(self.latest, lines=(), why=self.latest.why or "below min_confidence")
        if not self.reader.is_legal(best):
            return replace(self.latest, lines=(), why="pattern")
        return self.reader.judged(replace(best, why=""), monotonic, is_news=True)[0]
