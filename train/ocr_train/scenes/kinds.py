"""Things that carry text, drawn flat: signs, words, pages, displays, plates, labels, counters."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_edge.contract.labels import DIGITS
from ocr_edge.contract.types import Image
from ocr_train.scenes import clutter
from ocr_train.scenes.sheet import LINES, Sheet, scaled
from ocr_train.strips.render import Renderer, writable
from ocr_train.strips.surface import LCD, LIT, Light, colours
from ocr_train.strips.texts import UNITS, code, date, measure, number, plate, price, some
from ocr_train.strips.typefaces import Typeface, Typefaces, ink

FEWEST = 7
"""Pixels of the least capital that is drawn: people read 8 in a photograph, and the map has 4 to a cell."""

LARGE = 0.3
"""Share of the things whose text fills them: a camera that watches one display sees little else."""
PLATES = (
    ((245, 245, 240), (20, 20, 30)),
    ((240, 190, 40), (15, 15, 15)),
    ((235, 240, 250), (30, 50, 140)),
    ((240, 240, 240), (170, 30, 40)),
    ((20, 20, 20), (230, 230, 230)),
)
"""Colours of paper and ink of number plates, RGB."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Draws lines of ink in one face or in several.

    Attributes:
        renderer: Texts, faces and real characters.
        segments: The faces of displays.
        printed: All other faces.
    """

    renderer: Renderer
    segments: Typefaces
    printed: Typefaces

    @classmethod
    def of(cls, renderer: Renderer) -> "Writer":
        """One that has a renderer's faces, by kind."""
        segments, printed = renderer.typefaces.parted({"seven-segment", "dot-matrix"})
        return cls(renderer, segments or renderer.typefaces, printed or renderer.typefaces)

    def any(self, rng: random.Random, longest: int) -> Image | None:
        """A line of whatever a line network reads: any face, real characters too."""
        made = self.renderer.ink(rng, max(1, longest // 3), longest)
        return made[0] if made else None

    def text(self, rng: random.Random, shortest: int, longest: int) -> str:
        """What may be written."""
        return self.renderer.texts.draw(rng, shortest, longest)


def line(rng: random.Random, face: Typeface, text: str) -> Image | None:
    """A text's ink in a face, as far as it can write it."""
    text = writable(rng, text, face.characters)
    mask = ink(face.face, text, rng) if text else None
    return mask if mask is not None and min(mask.shape) > 1 else None


def _grounds(rng: random.Random, writer: Writer, size: tuple[int, int], paper: Light) -> Light:
    return writer.renderer.surfaces.paper(rng, size, paper)


def _cap(rng: random.Random, least: float, most: float) -> float:
    """A height of capitals: mostly as likely small as large in proportion, at times as large as there is room for."""
    if rng.random() < LARGE:
        return max(least, most * rng.uniform(0.35, 1.0))
    return float(np.exp(rng.uniform(np.log(least), np.log(max(most, least)))))


def word(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """One to three lines without a ground of their own: on whatever is behind."""
    cap = _cap(rng, FEWEST, room[0] * 0.75)
    longest = max(1, min(24, round(room[1] / cap / 0.6)))
    count = rng.choices((1, 2, 3), (6, 2, 1))[0] if cap * 2.8 < room[0] else 1
    masks = [m for _ in range(count) if (m := writer.any(rng, longest)) is not None]
    masks = [fitted(scaled(m, cap * rng.uniform(0.85, 1.1)), room[1]) for m in masks]
    if not masks:
        return None
    size = (
        round(sum(m.shape[0] for m in masks) + cap * 0.5 * len(masks)),
        max(m.shape[1] for m in masks) + 4,
    )
    _, colour = colours(rng)
    sheet = Sheet(np.full((*size, 3), colour, np.float32), np.zeros(size, np.uint8))
    _stack(rng, sheet, masks, colour, cap * 0.25)
    return sheet


def sign(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """A board with lines of one face, large and small, in the middle or at the left."""
    paper, colour = colours(rng)
    count = rng.choices((1, 2, 3, 4, 5), (5, 4, 3, 2, 1))[0]
    cap = _cap(rng, FEWEST, room[0] / (count * 1.9))
    face = writer.printed.draw(rng)
    longest = max(2, min(22, round(room[1] / cap / 0.7)))
    masks = []
    for _ in range(count):
        own = face if rng.random() < 0.7 else writer.printed.draw(rng)
        mask = line(rng, own, writer.text(rng, min(3, longest), longest))
        if mask is not None:
            masks.append(fitted(scaled(mask, max(FEWEST, cap * rng.choice((1, 1, 1, 0.6, 1.4)))), room[1]))
    if not masks:
        return None
    pad = cap * rng.uniform(0.2, 1.2)
    height = round(sum(m.shape[0] for m in masks) + len(masks) * cap * 0.55 + 2 * pad)
    size = (height, round(max(m.shape[1] for m in masks) + 2 * pad + 2))
    sheet = Sheet(_grounds(rng, writer, size, paper))
    if rng.random() < 0.4:
        _frame(rng, sheet, colour if rng.random() < 0.6 else colours(rng)[0])
    _stack(rng, sheet, masks, colour, cap * 0.27, pad)
    return sheet


def page(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """A receipt, a form or a page: many small lines of one face, in one or two columns, numbers at the right."""
    cap = float(np.exp(rng.uniform(np.log(FEWEST), np.log(max(FEWEST + 1, min(26, room[0] / 7))))))
    size = (room[0], round(room[1] * rng.uniform(0.7, 1.0)))
    paper = np.array([rng.uniform(170, 255)] * 3, np.float32) + np.array(
        [rng.gauss(0, 6) for _ in "rgb"], np.float32
    )
    colour = np.array([rng.uniform(0, 110)] * 3, np.float32)
    if rng.random() < 0.1:
        paper, colour = colour, paper
    sheet = Sheet(_grounds(rng, writer, size, paper.clip(0, 255)), apart=LINES)
    face = writer.printed.draw(rng)
    pitch = cap * rng.uniform(1.5, 2.6)
    margin = cap * rng.uniform(0.5, 3)
    is_table = rng.random() < 0.45
    columns = 1 if is_table or size[1] < 30 * cap or rng.random() < 0.6 else 2
    wide = (size[1] - margin * (columns + 1)) / columns
    longest = max(2, round(wide / cap / 0.72))
    for column in range(columns):
        left, top = margin + column * (wide + margin), margin * rng.uniform(0.3, 1)
        while top < size[0] - cap:
            roll = rng.random()
            if roll < 0.08:
                top += pitch
                continue
            if roll < 0.12:
                rule = np.full((max(1, round(cap / 8)), max(1, round(wide))), 255, np.uint8)
                sheet.write(rule, left, top, colour, is_text=False)
                top += pitch * 0.7
                continue
            count = longest if rng.random() < 0.5 and not is_table else rng.randint(2, longest)
            if is_table:
                count = max(2, round(longest * rng.uniform(0.2, 0.65)))
            mask = line(rng, face, writer.text(rng, max(1, count * 2 // 3), count))
            own = cap * (1 if rng.random() < 0.9 else rng.uniform(1.2, 2))
            if mask is not None:
                mask = fitted(scaled(mask, own), wide * (0.64 if is_table else 1))
                at = left + (wide - mask.shape[1]) / 2 if roll > 0.9 else left
                sheet.write(mask, at, top, colour)
            if is_table and rng.random() < 0.7:
                figure = line(rng, face, rng.choice((price, number, date, code))(rng, 8))
                if figure is not None:
                    figure = fitted(scaled(figure, cap), wide * 0.3)
                    sheet.write(figure, left + wide - figure.shape[1], top, colour)
            top += pitch * own / cap
    return sheet


def display(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """An instrument's display: digits in segments, units, small print on the housing, buttons."""
    is_lit = rng.random() < 0.35
    glass = np.array(
        rng.choice(((15, 15, 18), (40, 12, 10), (25, 30, 25))) if is_lit else rng.choice(LCD), np.float32
    )
    if not is_lit and rng.random() < 0.35:  # in the shade, as most pumps' are
        glass = glass * np.float32(rng.uniform(0.25, 0.8))
    glass = (glass + np.float32(rng.gauss(0, 15))).clip(0, 255)
    colour = np.array(rng.choice(LIT), np.float32) if is_lit else glass * np.float32(rng.uniform(0.05, 0.65))
    rows = rng.choices((1, 2, 3), (5, 2, 1))[0]
    cap = _cap(rng, FEWEST + 2, room[0] / (rows * 1.8))
    masks = []
    for row in range(rows):
        own = cap if row == 0 else max(FEWEST, cap * rng.uniform(0.4, 1.0))
        longest = max(1, min(9, round(room[1] / own / 0.95)))
        face = (writer.segments if rng.random() < 0.9 else writer.printed).draw(rng)
        mask = line(rng, face, number(rng, longest)[:longest].strip() or "0")
        if mask is not None:
            masks.append(fitted(scaled(mask, own), room[1] * 0.9))
    if not masks:
        return None
    pad = cap * rng.uniform(0.15, 0.7)
    inner = (
        round(sum(m.shape[0] for m in masks) + cap * 0.4 * len(masks) + 2 * pad),
        round(max(m.shape[1] for m in masks) * rng.uniform(1.02, 1.6) + 2 * pad),
    )
    bezel = round(cap * rng.choice((0.0, rng.uniform(0.1, 0.4), rng.uniform(0.4, 1.5))))
    size = (min(inner[0] + 2 * bezel, 2 * room[0]), min(inner[1] + 2 * bezel, 2 * room[1]))
    housing, print_colour = colours(rng)
    sheet = Sheet(_grounds(rng, writer, size, housing))
    glass_size = (min(inner[0], size[0] - bezel), min(inner[1], size[1] - bezel))
    sheet.picture[bezel : bezel + glass_size[0], bezel : bezel + glass_size[1]] = _grounds(
        rng, writer, glass_size, glass
    )
    if bezel and rng.random() < 0.5:
        edge = np.zeros(size, np.uint8)
        cv2.rectangle(edge, (bezel, bezel), (bezel + inner[1], bezel + inner[0]), 255, max(1, bezel // 8))
        sheet.write(edge, 0, 0, colours(rng)[1], is_text=False)
    top, is_right = bezel + pad, rng.random() < 0.7
    for mask in masks:
        spare = inner[1] - 2 * pad - mask.shape[1]
        left = bezel + pad + (spare if is_right else spare * rng.random())
        sheet.write(mask, left, top, colour)
        top += mask.shape[0] + cap * 0.4
        if rng.random() < 0.35 and spare > cap and is_right:
            _small(rng, writer, sheet, (bezel + 2, top - cap * 0.6), cap * 0.3, colour, rng.choice(UNITS))
    for _ in range(rng.choice((0, 0, 1, 3))):
        if bezel > FEWEST * 1.6:
            spot = (rng.uniform(0, size[1] * 0.8), rng.choice((1.0, size[0] - bezel + 1.0)))
            _small(
                rng, writer, sheet, spot, bezel * rng.uniform(0.4, 0.7), print_colour, writer.text(rng, 2, 10)
            )
    return sheet


def number_plate(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """A vehicle's plate: a large number, at times in two rows, a frame, a state's name, bolts and badges."""
    pair = rng.choice(PLATES)
    paper, colour = (np.array(c, np.float32) for c in (pair if rng.random() < 0.8 else colours(rng)))
    cap = _cap(rng, FEWEST + 1, room[0] * 0.5)
    face = writer.printed.draw(rng)
    text = plate(rng, 9)
    rows = [text[: len(text) // 2], text[len(text) // 2 :]] if rng.random() < 0.2 else [text]
    masks = [m for t in rows if (m := line(rng, face, t.strip() or "A")) is not None]
    across = rng.uniform(0.7, 1.0)
    masks = [fitted(scaled(m, cap, across), room[1] * 0.9) for m in masks]
    if not masks:
        return None
    pad = cap * rng.uniform(0.15, 0.5)
    extra = cap * rng.choice((0.0, 0.3, 0.45))
    size = (
        round(sum(m.shape[0] for m in masks) + 0.2 * cap * (len(masks) - 1) + 2 * (pad + extra)),
        round(max(m.shape[1] for m in masks) + 2 * pad + cap * rng.uniform(0, 0.8)),
    )
    sheet = Sheet(_grounds(rng, writer, size, paper))
    if rng.random() < 0.7:
        _frame(rng, sheet, colour)
    _stack(rng, sheet, masks, colour, cap * 0.1, pad + extra, middle=True)
    for top in (pad * 0.3, size[0] - extra - pad * 0.6):
        if extra > FEWEST and rng.random() < 0.7:
            spot = (size[1] * rng.uniform(0.1, 0.4), top)
            _small(rng, writer, sheet, spot, extra * 0.8, colours(rng)[1], writer.text(rng, 4, 14))
    for x in (0.08, 0.92):
        if rng.random() < 0.4:
            bolt = np.zeros(size, np.uint8)
            cv2.circle(bolt, (round(size[1] * x), round(size[0] * 0.12)), max(1, round(cap * 0.07)), 255, -1)
            sheet.write(bolt, 0, 0, colours(rng)[1], is_text=False)
    return sheet


def label(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """A product's label: a title, keys and values in small print, bars with digits beneath, an emblem."""
    paper, colour = colours(rng)
    size = (round(room[0] * rng.uniform(0.4, 1)), round(room[1] * rng.uniform(0.5, 1)))
    sheet = Sheet(_grounds(rng, writer, size, paper))
    face = writer.printed.draw(rng)
    cap = _cap(rng, FEWEST, max(FEWEST + 1, size[0] / 5))
    margin = cap * rng.uniform(0.3, 1)
    if rng.random() < 0.4:
        _frame(rng, sheet, colour)
    top = margin
    longest = max(2, round((size[1] - 2 * margin) / cap / 0.72))
    while top < size[0] - cap:
        roll = rng.random()
        if roll < 0.16 and size[1] > 40:
            high = min(size[0] - top - cap, cap * rng.uniform(1.5, 5))
            if high > 6:
                wide = min(size[1] - 2 * margin, high * rng.uniform(1, 5))
                bars = clutter.barcode(rng, (round(high), round(wide)))
                sheet.write(bars, margin, top, colour, is_text=False)
                top += bars.shape[0] + cap * 0.15
                _small(
                    rng,
                    writer,
                    sheet,
                    (margin, top),
                    max(FEWEST, cap * 0.8),
                    colour,
                    some(rng, DIGITS, rng.randint(6, 13)),
                )
            top += cap * 1.4
            continue
        if roll < 0.24:
            emblem = np.zeros((max(8, round(cap * 2)), max(8, round(cap * 2.5))), np.uint8)
            for _ in range(rng.randint(1, 4)):
                clutter.shape(rng, emblem, max(1, round(cap / 8)))
            sheet.write(emblem, rng.uniform(0, size[1]), top, colours(rng)[1], is_text=False)
            continue
        own = cap * rng.choice((1, 1, 1, 1, 1.6, 2.2))
        text = rng.choice(
            (writer.text(rng, 2, longest), code(rng, longest), date(rng, longest), measure(rng, longest))
        )
        mask = line(rng, face if rng.random() < 0.85 else writer.printed.draw(rng), text)
        if mask is not None:
            mask = fitted(scaled(mask, own), size[1] - 2 * margin)
            sheet.write(
                mask, margin + rng.choice((0, 0, 0.5)) * (size[1] - 2 * margin - mask.shape[1]), top, colour
            )
        top += own * rng.uniform(1.3, 2.2)
    return sheet


def counter(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """A mechanical counter: a digit to a window, some half-way to the next, on the face of a meter."""
    count = rng.randint(3, 8)
    cap = _cap(rng, FEWEST + 1, min(room[0] * 0.35, room[1] / count / 1.1))
    pitch, high = cap * rng.uniform(0.85, 1.5), cap * rng.uniform(1.2, 1.9)
    face = writer.printed.draw(rng)
    paper, print_colour = colours(rng)
    size = (
        min(room[0], round(high * rng.uniform(1.2, 5))),
        round(min(room[1], pitch * count * rng.uniform(1.1, 1.6))),
    )
    sheet = Sheet(_grounds(rng, writer, size, paper))
    if rng.random() < 0.4:
        sheet.write(clutter.scale_marks(rng, size), 0, 0, print_colour, is_text=False)
    top, left = (size[0] - high) * rng.uniform(0.2, 0.8), (size[1] - pitch * count) / 2
    window, digit = (
        colours(rng) if rng.random() < 0.3 else (np.full(3, 25, np.float32), np.full(3, 235, np.float32))
    )
    if rng.random() < 0.4:
        window, digit = digit, window
    red_from = count - rng.randint(1, 3) if rng.random() < 0.5 else count
    is_one, row = rng.random() < 0.4, np.zeros((round(high), max(1, round(pitch * count))), np.uint8)
    inked = np.zeros_like(row)
    for place in range(count):
        start, end = (
            round(place * pitch + (0 if is_one else pitch * 0.08)),
            round((place + 1) * pitch - (0 if is_one else pitch * 0.08)),
        )
        row[:, start:end] = 255
        value = rng.randrange(10)
        offset = (high - cap) / 2 if rng.random() < 0.85 else rng.uniform(-0.4, 0.4) * cap
        for step in (0, 1):
            mask = line(rng, face, str((value + step) % 10))
            if mask is None:
                continue
            mask = fitted(scaled(mask, cap), pitch * 0.8)
            x, y = round((start + end - mask.shape[1]) / 2), round(offset + step * high * 0.95)
            rows = slice(max(0, -y), min(mask.shape[0], row.shape[0] - y))
            if rows.stop > rows.start and x >= 0 and x + mask.shape[1] <= row.shape[1]:
                at = np.s_[y + rows.start : y + rows.stop, x : x + mask.shape[1]]
                np.maximum(inked[at], mask[rows], out=inked[at])
    sheet.write(row, left, top, window, is_text=False)
    if red_from < count:
        red = row.copy()
        red[:, : round(red_from * pitch)] = 0
        sheet.write(red, left, top, np.array((180, 35, 30), np.float32), is_text=False)
    x, y, w, h = cv2.boundingRect(inked)
    if w and h:
        sheet.write(np.ascontiguousarray(inked[y : y + h, x : x + w]), left + x, top + y, digit)
    for _ in range(rng.randint(0, 3)):
        spot = (rng.uniform(0, size[1] * 0.7), rng.choice((size[0] * 0.02, size[0] - cap * 0.7)))
        if min(top, size[0] - top - high) > cap * 0.7:
            _small(
                rng,
                writer,
                sheet,
                spot,
                cap * rng.uniform(0.3, 0.6),
                print_colour,
                rng.choice((rng.choice(UNITS), code(rng, 9))),
            )
    return sheet


KINDS: dict[Callable[[random.Random, Writer, tuple[int, int]], Sheet | None], float] = {
    word: 24, sign: 18, page: 14, display: 24, label: 12, number_plate: 10, counter: 8,
}  # fmt: skip
"""What is drawn, with its share."""


def fitted(mask: Image, width: float) -> Image:
    """A mask made smaller where it is wider than its place."""
    if mask.shape[1] <= width:
        return mask
    scale = max(width, 2) / mask.shape[1]
    size = (max(2, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * max(scale, 0.6))))
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)


def _stack(
    rng: random.Random,
    sheet: Sheet,
    masks: list[Image],
    colour: Light,
    gap: float,
    pad: float = 2,
    *,
    middle: bool | None = None,
) -> None:
    """Write lines one under another."""
    centred, top = rng.random() < 0.6 if middle is None else middle, pad
    for mask in masks:
        spare = sheet.size[1] - mask.shape[1]
        sheet.write(mask, spare / 2 if centred else min(pad, spare), top, colour)
        top += mask.shape[0] + 2 * gap


def _frame(rng: random.Random, sheet: Sheet, colour: Light) -> None:
    """A border close to the edge."""
    mask = np.zeros(sheet.size, np.uint8)
    inset, thick = rng.randint(0, 4), rng.randint(1, max(1, min(sheet.size) // 24))
    cv2.rectangle(mask, (inset, inset), (sheet.size[1] - 1 - inset, sheet.size[0] - 1 - inset), 255, thick)
    sheet.write(mask, 0, 0, colour, is_text=False)


def _small(
    rng: random.Random,
    writer: Writer,
    sheet: Sheet,
    spot: tuple[float, float],
    cap: float,
    colour: Light,
    text: str,
) -> None:
    """Print beside something; what would be too small to read is left out."""
    mask = line(rng, writer.printed.draw(rng), text) if cap >= FEWEST * 0.8 else None
    if mask is not None:
        sheet.write(fitted(scaled(mask, cap), max(4, sheet.size[1] - spot[0])), *spot, colour)
