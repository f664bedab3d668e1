"""Who asks, in another thread, that the configuration on disk be taken, and what came of it."""

from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue


class Reloads:
    """Handed from the page's thread to the reading thread, which takes the configuration between two frames."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[Future[str]] = SimpleQueue()

    def ask(self) -> Future[str]:
        """Ask; the answer is what still needs a restart, one line, or a ``ConfigError`` when nothing was taken."""
        asked: Future[str] = Future()
        self._asked.put(asked)
        return asked

    def taken(self) -> list[Future[str]]:
        """All who asked since the last call and still wait."""
        found = []
        with suppress(Empty):
            while True:
                found.append(self._asked.get_nowait())
        return [each for each in found if each.set_running_or_notify_cancel()]
