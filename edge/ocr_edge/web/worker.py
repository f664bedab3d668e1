"""A thread that does what may take long, so that the server's loop never waits."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """Does one job after the other; the thread begins with the first one.

    ``concurrent.futures`` would have the process wait at its end for a job that hangs, such as reading a dying disk.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def do(self, job: Callable[[], T]) -> T:
        """What the job returns or raises; for one loop's coroutines."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put((job, done))
        return await done

    def close(self) -> None:
        """End the thread after the job it is at."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, done = item
            try:
                answer, error = job(), None
            except Exception as raised:
                answer, error = None, raised
            with suppress(RuntimeError):  # the server has ended meanwhile
                done.get_loop().call_soon_threadsafe(_finish, done, answer, error)
            del item, job, done, answer, error  # a picture must not live on until the next one


def _finish(done: asyncio.Future[Any], answer: object, error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(answer)
    else:
        done.set_exception(error)
