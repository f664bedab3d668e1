"""Who is logged in, and who has tried too often."""

import hashlib
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass

IDLE_S, LONGEST_S = 12 * 3600.0, 30 * 86400.0
"""Seconds until a login ends: after half a day without a request, and after a month in any case."""
SESSIONS = 64
"""Logins at a time; one more ends the one that was longest unused."""
FREE_TRIES = 5
"""Wrong secrets in a row that cost nothing but their own time: people mistype."""
LONGEST_WAIT_S = 300.0
"""Longest pause after a wrong secret: doubled from one second on, so that an owner is not shut out for a day."""
CLIENTS = 1000
"""Addresses whose failures are remembered; beyond that the oldest is forgotten."""
PER_MINUTE = 30
"""Wrong secrets of all addresses together in a minute: a botnet has many addresses, the device one processor."""


@dataclass(slots=True)
class Session:
    """One login.

    Attributes:
        began: Monotonic seconds of the login.
        seen: Of its last request.
        must_choose: Whether it was opened by a one-time token, and a password must be chosen first.
    """

    began: float
    seen: float
    must_choose: bool = False


class Sessions:
    """All logins, in memory alone: a restart ends them. Only hashes of their keys are kept."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()

    def begin(self, now: float, *, must_choose: bool = False, key: str = "") -> str:
        """A new login; its key, made by chance where none is given."""
        key = key or secrets.token_urlsafe(32)
        self._sessions[_hash(key)] = Session(now, now, must_choose)
        while len(self._sessions) > SESSIONS:
            self._sessions.popitem(last=False)
        return key

    def find(self, key: str, now: float) -> Session | None:
        """The login with a key; None where there is none, or it has ended."""
        session = self._sessions.get(hashed := _hash(key))
        if session is None:
            return None
        if now - session.seen > IDLE_S or now - session.began > LONGEST_S:
            del self._sessions[hashed]
            return None
        session.seen = now
        self._sessions.move_to_end(hashed)
        return session

    def end(self, key: str) -> None:
        """End the login with a key, if there is one."""
        self._sessions.pop(_hash(key), None)

    def end_all(self) -> None:
        """End every login: the password is another one now."""
        self._sessions.clear()


class Tries:
    """Wrong secrets, by address and in all, and how long whoever gave them has to wait."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._recent: deque[float] = deque(maxlen=PER_MINUTE)

    def wait_s(self, client: str, now: float) -> float:
        """Seconds until an address may try again; 0 when it may now."""
        count, last = self._failed.get(client, (0, now))
        own = last + min(2.0 ** (count - FREE_TRIES), LONGEST_WAIT_S) - now if count >= FREE_TRIES else 0.0
        everybody = self._recent[0] + 60.0 - now if len(self._recent) == PER_MINUTE else 0.0
        return max(own, everybody, 0.0)

    def failed(self, client: str, now: float) -> int:
        """Note a wrong secret; how many there were in a row."""
        count = self._failed.pop(client, (0, now))[0] + 1
        self._failed[client] = count, now
        self._recent.append(now)
        if len(self._failed) > CLIENTS:
            self._failed.popitem(last=False)
        return count

    def succeeded(self, client: str) -> None:
        """Forget an address's failures."""
        self._failed.pop(client, None)


def _hash(key: str) -> bytes:
    """Looked up by hash, so that the time of the look-up says nothing of the key."""
    return hashlib.sha256(key.encode(errors="replace")).digest()
