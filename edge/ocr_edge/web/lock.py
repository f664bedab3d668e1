"""The lock of the server: who is let in by password, token or an earlier login."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ocr_edge.web.secret_file import Opened, SecretFile, library
from ocr_edge.web.sessions import FREE_TRIES, Session, Sessions, Tries
from ocr_edge.web.worker import Worker

_LOGGER = logging.getLogger(__name__)
T = TypeVar("T")


class TooOften(Exception):
    """A client tried too often.

    Attributes:
        wait_s: Seconds until it may again.
    """

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many wrong passwords; try again in {wait_s:.0f} s")
        self.wait_s = wait_s


class Lock:
    """Logins and programs' passwords; for the server's loop alone.

    Args:
        path: The secret file.

    Raises:
        ConfigError: Argon2 is not installed, or the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        library()
        self._file = SecretFile(path)
        self._file.hashes()  # refused now, and not at somebody's first try
        self._sessions, self._programs, self._tries = Sessions(), Sessions(), Tries()
        # One at a time: a hash takes 19 MiB and a core, and tries that run at once would all pass the count.
        self._turn = asyncio.Lock()
        self._worker = Worker("http-secret")

    def close(self) -> None:
        """End the thread that hashes."""
        self._worker.close()

    def session(self, key: str) -> Session | None:
        """The login with a key out of a cookie; None where there is none."""
        return self._sessions.find(key, time.monotonic()) if key else None

    async def log_in(self, given: str, client: str) -> str:
        """The key of a new login; empty when the secret is wrong.

        Raises:
            TooOften: This client has to wait.
            ConfigError: The secret file cannot be used.
        """
        opened: Opened = await self._try(client, lambda: self._file.opened_by(given, time.time()))
        if not opened:
            return ""
        return self._sessions.begin(time.monotonic(), must_choose=opened == "token")

    async def admits(self, given: str, client: str) -> bool:
        """Whether a program's ``Authorization: Bearer`` is the password; the errors of ``log_in``."""
        if not given:
            return False
        if self._programs.find(given, time.monotonic()):  # a hash for each scrape would be a core's work
            return True
        if not await self._try(client, lambda: self._file.is_password(given)):
            return False
        self._programs.begin(time.monotonic(), key=given)
        return True

    async def confirms(self, given: str, client: str) -> bool:
        """Whether whoever is logged in knows the password; the errors of ``log_in``."""
        return await self._try(client, lambda: self._file.is_password(given))

    async def choose(self, password: str) -> str:
        """Set a new password and end all logins; the key of a new one.

        Raises:
            ConfigError: It is too short or too long, or cannot be written.
        """
        async with self._turn:
            await self._worker.do(lambda: self._file.set_password(password))
        self._sessions.end_all()
        self._programs.end_all()
        return self._sessions.begin(time.monotonic())

    def log_out(self, key: str) -> None:
        """End a login."""
        self._sessions.end(key)

    async def _try(self, client: str, attempt: Callable[[], T]) -> T:
        """An attempt's answer, counted when it is false."""
        async with self._turn:
            if (wait_s := self._tries.wait_s(client, time.monotonic())) > 0:
                raise TooOften(wait_s)
            answer = await self._worker.do(attempt)
            if answer:
                self._tries.succeeded(client)
            else:
                count = self._tries.failed(client, time.monotonic())
                level = logging.WARNING if count == FREE_TRIES else logging.INFO
                _LOGGER.log(level, "http: wrong password from %s, %d in a row", client, count)
        return answer
