"""What successive frames of a region say: a text between two frames that agree on another one was misread. Pure."""

from dataclasses import replace

from ocr_edge.harvest.wanted import Look


class Series:
    """The frames of one region."""

    def __init__(self) -> None:
        self._before = ""
        self._latest: Look | None = None

    def push(self, look: Look) -> Look | None:
        """Take the next frame.

        Returns:
            The frame before it, where the one before that and this one agree on another text; None where they do not:
            a display that goes on to the next value says each of them once.
        """
        odd, before, text = self._latest, self._before, look.reading.text
        self._before, self._latest = (odd.reading.text if odd else ""), look
        if odd is None or not text or text != before or odd.reading.text in ("", text):
            return None
        return replace(odd, disagrees=f"{odd.reading.text} between frames that say {text}")
