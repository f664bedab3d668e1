"""How far each receiver has got."""

from collections.abc import Mapping

from ocr_edge.sinks.store.row import NO_END


class Places:
    """Numbers of the last reading that each receiver has; not for two threads at a time.

    The place of a receiver is what the next start goes on from. A receiver may have more by now.

    Attributes:
        known: Whether those in the file have been read.
    """

    def __init__(self) -> None:
        self.known = False
        self._places: dict[str, int] = {}
        self._moved: set[str] = set()  # receivers whose place is not committed
        self._followed: set[str] = set()
        self._has: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        """Whether a receiver has a place."""
        return name in self._places

    @property
    def least_place(self) -> int:
        """The earliest place of those that are followed; ``NO_END`` without one."""
        return min((self._places[name] for name in self._followed), default=NO_END)

    @property
    def least_had(self) -> int:
        """The last reading that every receiver has; ``NO_END`` without one."""
        return min(self._has.values(), default=NO_END)

    @property
    def moved(self) -> dict[str, int]:
        """The places that are to be committed."""
        return {name: self._places[name] for name in self._moved}

    def follow(self, name: str) -> int:
        """The place of a receiver; from now on what comes after it is kept for it."""
        self._followed.add(name)
        self._has[name] = self._places[name]
        return self._places[name]

    def has(self, name: str, number: int) -> None:
        """Note what a receiver has."""
        self._has[name] = number

    def move(self, name: str, number: int) -> None:
        """Give a receiver its place."""
        self._places[name] = number
        self._moved.add(name)

    def committed(self, places: Mapping[str, int]) -> None:
        """Note what is in the file."""
        self._moved -= {name for name, number in places.items() if self._places[name] == number}

    def opened(self, places: Mapping[str, int]) -> None:
        """Take the places in a file that was opened; those noted here are newer."""
        self._places = {**places, **self._places}
        self.known = True

    def begin_anew(self) -> None:
        """Have all of them written to a file that has none."""
        self._moved = set(self._places)
