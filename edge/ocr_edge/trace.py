"""What the stations of a pipeline tell of a picture while they read it; kept only where somebody asks for it.

Anything that a station makes on its way is a note: a look of the detector, a strip, a text that the pattern refused.
Its type says what it is. Each line has a trace of its own, from where it was found to what became of it.
"""

from typing import TypeVar

T = TypeVar("T")

TIME_UP = "The time for a picture was up: some lines were left out."
"""A note."""


class Trace:
    """Takes notes and forgets them: reading costs nothing more because it could be explained."""

    def start(self) -> None:
        """A picture begins."""

    def line(self) -> "Trace":
        """A trace for the notes of a line that was found."""
        return self

    def add(self, note: object) -> None:
        """Take a note."""


OFF = Trace()
"""What everybody writes to who is not asked."""


class Recording(Trace):
    """Keeps the notes of the last picture, in order.

    Attributes:
        notes: Of the picture, or of the line.
        lines: Of a picture: a recording for each line, in the order in which they were found.
    """

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """A picture begins: what is known of the one before is forgotten."""
        self.notes: list[object] = []
        self.lines: list[Recording] = []

    def line(self) -> "Recording":
        """A recording for the notes of a line that was found."""
        self.lines.append(Recording())
        return self.lines[-1]

    def add(self, note: object) -> None:
        """Keep a note."""
        self.notes.append(note)

    def of(self, kind: type[T]) -> list[T]:
        """The notes of a kind."""
        return [note for note in self.notes if isinstance(note, kind)]

    def last(self, kind: type[T]) -> T | None:
        """The last note of a kind, which is the one that counts; None where there is none."""
        return next((note for note in reversed(self.notes) if isinstance(note, kind)), None)
