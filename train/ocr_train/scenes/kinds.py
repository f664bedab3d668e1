"""Things that carry text, drawn flat: words, signs, pages, labels, and what carries a number."""

import random
from collections.abc import Callable

import cv2
import numpy as np

from ocr_edge.contract.labels import DIGITS
from ocr_train.scenes import clutter
from ocr_train.scenes.instruments import counter, display, number_plate
from ocr_train.scenes.sheet import LINES, Sheet, scaled
from ocr_train.scenes.writing import (
    FEWEST,
    Writer,
    cap_height,
    fitted,
    frame,
    ground,
    line,
    small_print,
    stack,
)
from ocr_train.strips.surface import colours
from ocr_train.strips.texts import code, date, measure, number, price, some

NARROWEST_GUTTER = 0.9
"""Between columns of a page, in heights of the capitals: magazines' have little more than two spaces."""
SHORTEST_STRETCHED = 0.8
"""Share of a column from which a line is stretched to its whole width, as in justified print."""


def word(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """One to three lines without a ground of their own: on whatever is behind."""
    cap = cap_height(rng, FEWEST, room[0] * 0.75)
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
    stack(rng, sheet, masks, colour, cap * 0.25)
    return sheet


def sign(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """A board with lines of one face, large and small, in the middle or at the left."""
    paper, colour = colours(rng)
    count = rng.choices((1, 2, 3, 4, 5), (5, 4, 3, 2, 1))[0]
    cap = cap_height(rng, FEWEST, room[0] / (count * 1.9))
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
    sheet = Sheet(ground(rng, writer, size, paper))
    if rng.random() < 0.4:
        frame(rng, sheet, colour if rng.random() < 0.6 else colours(rng)[0])
    stack(rng, sheet, masks, colour, cap * 0.27, pad)
    return sheet


def page(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """A receipt, a form or a page: many small lines of one face, in one to three columns, numbers at the right."""
    cap = float(np.exp(rng.uniform(np.log(FEWEST), np.log(max(FEWEST + 1, min(26, room[0] / 7))))))
    size = (room[0], round(room[1] * rng.uniform(0.7, 1.0)))
    paper = np.array([rng.uniform(170, 255)] * 3, np.float32) + np.array(
        [rng.gauss(0, 6) for _ in "rgb"], np.float32
    )
    colour = np.array([rng.uniform(0, 110)] * 3, np.float32)
    if rng.random() < 0.1:
        paper, colour = colour, paper
    sheet = Sheet(ground(rng, writer, size, paper.clip(0, 255)), apart=LINES)
    face = writer.printed.draw(rng)
    pitch = cap * rng.uniform(1.5, 2.6)
    margin = cap * rng.uniform(0.5, 3)
    is_table = rng.random() < 0.45
    most = 1 if is_table else max(1, min(3, round(size[1] / cap / 14)))
    columns = 1 if rng.random() < 0.35 else most
    gutter = cap * rng.uniform(NARROWEST_GUTTER, 3)
    is_justified = columns > 1 and rng.random() < 0.5
    wide = (size[1] - 2 * margin - gutter * (columns - 1)) / columns
    longest = max(2, round(wide / cap / 0.72))
    for column in range(columns):
        left, top = margin + column * (wide + gutter), margin * rng.uniform(0.3, 1)
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
                if is_justified and mask.shape[1] > SHORTEST_STRETCHED * wide:
                    mask = np.asarray(cv2.resize(mask, (max(2, round(wide)), mask.shape[0])), np.uint8)
                at = left + (wide - mask.shape[1]) / 2 if roll > 0.9 else left
                sheet.write(mask, at, top, colour)
            if is_table and rng.random() < 0.7:
                figure = line(rng, face, rng.choice((price, number, date, code))(rng, 8))
                if figure is not None:
                    figure = fitted(scaled(figure, cap), wide * 0.3)
                    sheet.write(figure, left + wide - figure.shape[1], top, colour)
            top += pitch * own / cap
    return sheet


def label(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """A product's label: a title, keys and values in small print, bars with digits beneath, an emblem."""
    paper, colour = colours(rng)
    size = (round(room[0] * rng.uniform(0.4, 1)), round(room[1] * rng.uniform(0.5, 1)))
    sheet = Sheet(ground(rng, writer, size, paper))
    face = writer.printed.draw(rng)
    cap = cap_height(rng, FEWEST, max(FEWEST + 1, size[0] / 5))
    margin = cap * rng.uniform(0.3, 1)
    if rng.random() < 0.4:
        frame(rng, sheet, colour)
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
                small_print(
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


KINDS: dict[Callable[[random.Random, Writer, tuple[int, int]], Sheet | None], float] = {
    word: 24, sign: 18, page: 14, display: 32, label: 12, number_plate: 10, counter: 12,
}  # fmt: skip
"""What is drawn, with its share."""
