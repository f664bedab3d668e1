"""How the daemon is: a board on which each part writes what is wrong with it, in words for people."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class State:
    """The board at one moment.

    Attributes:
        time: Epoch seconds.
        problems: What is wrong, one line, by the part it is wrong with: ``camera``, ``region meter``, ``mqtt`` …
        facts: What else is known, such as ``bundle`` and ``version``.
    """

    time: float
    problems: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def text(self) -> str:
        """All problems on one line; ``ok`` without one."""
        return "; ".join(f"{part}: {what}" for part, what in self.problems.items()) or "ok"


class Health:
    """The board. Every thread may write; the loop passes on what changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._problems: dict[str, str] = {}
        self._facts: dict[str, str] = {}
        self._changed = True

    def problem(self, part: str, what: str) -> None:
        """Write what is wrong with a part; an empty ``what`` means that nothing is."""
        with self._lock:
            if what == self._problems.get(part, ""):
                return
            self._changed = True
            if what:
                self._problems[part] = what
            else:
                del self._problems[part]

    def fact(self, name: str, value: str) -> None:
        """Write what is worth knowing."""
        with self._lock:
            self._changed = self._changed or self._facts.get(name) != value
            self._facts[name] = value

    def state(self, time: float) -> State:
        """The board as it is now."""
        with self._lock:
            return State(time, dict(self._problems), dict(self._facts))

    def news(self, time: float) -> State | None:
        """The board if it changed since this was last asked."""
        with self._lock:
            if not self._changed:
                return None
            self._changed = False
            return State(time, dict(self._problems), dict(self._facts))
