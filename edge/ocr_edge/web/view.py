"""What the reading thread hands to the page: the newest frame, and what was seen in it."""

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass

from ocr_edge.contract.types import Image
from ocr_edge.geometry.transform import Matrix, Points
from ocr_edge.reading import Reading


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One region in one frame.

    Attributes:
        region: Its name.
        corners: Where it lies, shape ``(4, 2)``, in pixels of the frame; None for the whole picture, or where unknown.
        reading: What this frame alone said, boxes in pixels of the frame; None when it was not read.
        problem: What keeps it from being read; empty when nothing does.
    """

    region: str
    corners: Points | None
    reading: Reading | None
    problem: str


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A frame and what was seen in it.

    Attributes:
        image: uint8 RGB, shape ``(H, W, 3)``; nobody changes it any more.
        time: Epoch seconds of the exposure.
        regions: What was seen in each.
        masked: Whether nothing outside of the regions may be shown.
        pose: From coordinates of the configuration to pixels of the frame; None where unknown.
        size: Of the configuration's picture as ``(height, width)``; None: the frames' own.
    """

    image: Image
    time: float
    regions: tuple[Seen, ...]
    masked: bool
    pose: Matrix | None = None
    size: tuple[int, int] | None = None


class Newest:
    """The newest view; the reading thread shows it, servers wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._view: View | None = None
        self._number = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def show(self, view: View) -> None:
        """Take a view; this costs the reading thread microseconds."""
        with self._lock:
            self._view, self._number = view, self._number + 1
            waiting, self._waiting = self._waiting, set()
        for future in waiting:
            with suppress(RuntimeError):  # its server has ended meanwhile
                future.get_loop().call_soon_threadsafe(_wake, future)

    def get(self) -> tuple[View, int] | None:
        """The newest view and its number; None before the first one."""
        with self._lock:
            return None if self._view is None else (self._view, self._number)

    async def wait(self, after: int, wait_s: float) -> bool:
        """Wait until the newest view has another number; whether that came true in time.

        Args:
            after: The number that a client has. It may be higher than ours, from before a restart.
            wait_s: Longest wait.
        """
        with self._lock:
            if self._view is not None and self._number != after:
                return True
            changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(changed)
        try:
            await asyncio.wait_for(changed, wait_s)
        except TimeoutError:
            return False
        finally:
            with self._lock:
                self._waiting.discard(changed)
        return True


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
