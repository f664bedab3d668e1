"""Which of all places of a picture are worth saying."""

from collections.abc import Sequence

from ocr_edge.layout.selection import RatedLine, select
from ocr_edge.reading import Line
from ocr_edge.recognize.places import UNREAD, Place
from ocr_edge.segment.decoder import Decoder
from ocr_edge.segment.segmenter import is_crop

MIN_STRIP = 0.7
"""Mean probability of a character that a line of the line stage needs in a picture of anything: it sees text in leaves
and tiles. Chosen on 92 photographs of nature and validation parts: at 0.7 one of them says something, as at 0.8, at
0.65 three; of 65 cars three more are read than at 0.8, of 26 ``field_photos`` one."""


class Sayer:
    """Chooses.

    Args:
        decoder: Compares ways to cut a line; None where a line stage reads.
        has_pattern: Whether every line must match a pattern.
    """

    def __init__(self, decoder: Decoder | None, *, has_pattern: bool) -> None:
        self._decoder, self._has_pattern = decoder, has_pattern

    def said(self, places: Sequence[Place], size: tuple[int, int]) -> list[tuple[Place, Line]]:
        """Choose the lines worth saying, best first, each the one of several ways to cut it that its words suggest."""
        scene = not is_crop(size)
        seen: list[tuple[Place, RatedLine]] = []
        for place in places:
            if (rated := place.seen_in(size)) is None:
                place.decide(UNREAD)
            elif why := self._why_texture(place, rated) if scene else "":
                place.decide(why)
            else:
                seen.append((place, rated))
        # What matches a pattern is hardly texture: of 160 photographs of nature, the same one says something that
        # matches, whether lines must be as sure as in a scene or not.
        selection = select(
            [rated for _, rated in seen],
            scene=scene and not self._has_pattern,
            doubts=self._decoder is not None,
        )
        for (place, _), why in zip(seen, selection.why, strict=True):
            if why:
                place.decide(why)
        return [(seen[index][0], self._compared(*seen[index], size)) for index in selection.kept]

    def _compared(self, place: Place, rated: RatedLine, size: tuple[int, int]) -> Line:
        """The line of a place, cut as its words suggest; that changes the place's reading."""
        plain = place.reading
        if plain is None or self._decoder is None:
            return rated.line
        place.reading = self._decoder.compared(plain)
        if place.reading is not plain:
            if (again := place.seen_in(size)) and select([again], scene=not is_crop(size)).kept:
                return again.line
            place.reading = plain
        return rated.line

    def _why_texture(self, place: Place, rated: RatedLine) -> str:
        """Why a place of a scene shows no text, as the line stage has it."""
        mean = float(rated.sure.mean())
        if place.strip is None or mean >= MIN_STRIP:
            return ""
        return f"too unsure for a scene: {mean:.2f} sure on average, needed {MIN_STRIP:.2f}"
