"""Things that carry a number, drawn flat: displays, plates, counters."""

import random

import cv2
import numpy as np

from ocr_train.scenes import clutter
from ocr_train.scenes.sheet import LINES, NUMBERS, Sheet, scaled
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
from ocr_train.strips.surface import LCD, LIT, colours
from ocr_train.strips.texts import UNITS, code, number, plate

PLATES = (
    ((245, 245, 240), (20, 20, 30)),
    ((240, 190, 40), (15, 15, 15)),
    ((235, 240, 250), (30, 50, 140)),
    ((240, 240, 240), (170, 30, 40)),
    ((20, 20, 20), (230, 230, 230)),
)
"""Colours of paper and ink of number plates, RGB."""

WITH_ONES = 0.45
"""Share of the numbers on displays that have many ones, half of them at an end: nothing else leaves such gaps."""
WITH_UNIT = 0.4
"""Share of the numbers on displays with a small unit close beside them."""


def display(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """An instrument's display: digits in segments, units, small print on the housing, buttons."""
    is_lit = rng.random() < 0.35
    glass = np.array(
        rng.choice(((15, 15, 18), (40, 12, 10), (25, 30, 25))) if is_lit else rng.choice(LCD), np.float32
    )
    if not is_lit and rng.random() < 0.35:  # in the shade, as most pumps' are
        glass = glass * np.float32(rng.uniform(0.25, 0.8))
    glass = (glass + np.float32(rng.gauss(0, 15))).clip(0, 255)
    colour = np.array(rng.choice(LIT), np.float32) if is_lit else glass * np.float32(rng.uniform(0.05, 0.75))
    rows = rng.choices((1, 2, 3), (5, 2, 1))[0]
    cap = cap_height(rng, FEWEST + 2, room[0] / (rows * 1.8))
    masks = []
    for row in range(rows):
        own = cap if row == 0 else max(FEWEST, cap * rng.uniform(0.4, 1.0))
        longest = max(1, min(9, round(room[1] / own / 0.95)))
        face = (writer.segments if rng.random() < 0.9 else writer.printed).draw(rng)
        text = number(rng, longest)[:longest].strip() or "0"
        if rng.random() < WITH_ONES:
            text = ones(rng, text)
        mask = line(rng, face, text)
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
    sheet = Sheet(ground(rng, writer, size, housing), apart=NUMBERS)
    glass_size = (min(inner[0], size[0] - bezel), min(inner[1], size[1] - bezel))
    sheet.picture[bezel : bezel + glass_size[0], bezel : bezel + glass_size[1]] = ground(
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
        if rng.random() < WITH_UNIT:
            high = mask.shape[0] * rng.uniform(0.2, 0.55)
            beside = left + mask.shape[1] + mask.shape[0] * rng.uniform(0.05, 0.5)
            spot = beside, top + rng.choice((0.0, mask.shape[0] - high))
            if beside + high < sheet.size[1]:
                small_print(rng, writer, sheet, spot, high, colour, rng.choice(UNITS))
        top += mask.shape[0] + cap * 0.4
        if rng.random() < 0.35 and spare > cap and is_right:
            small_print(
                rng, writer, sheet, (bezel + 2, top - cap * 0.6), cap * 0.3, colour, rng.choice(UNITS)
            )
    for _ in range(rng.choice((0, 0, 1, 3))):
        if bezel > FEWEST * 1.6:
            spot = (rng.uniform(0, size[1] * 0.8), rng.choice((1.0, size[0] - bezel + 1.0)))
            small_print(
                rng, writer, sheet, spot, bezel * rng.uniform(0.4, 0.7), print_colour, writer.text(rng, 2, 10)
            )
    return sheet


def ones(rng: random.Random, text: str) -> str:
    """A number with many ones: often at one of its ends, where a detector has to cross a gap to find it."""
    text = "".join("1" if c.isdigit() and rng.random() < 0.5 else c for c in text)
    return rng.choice((text, text, "1" + text[1:], text[:-1] + "1"))


def number_plate(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """A vehicle's plate: a large number, at times in two rows, a frame, a state's name, bolts and badges."""
    pair = rng.choice(PLATES)
    paper, colour = (np.array(c, np.float32) for c in (pair if rng.random() < 0.8 else colours(rng)))
    cap = cap_height(rng, FEWEST + 1, room[0] * 0.5)
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
    # The groups of a plate are one text.
    sheet = Sheet(ground(rng, writer, size, paper), apart=LINES)
    if rng.random() < 0.7:
        frame(rng, sheet, colour)
    stack(rng, sheet, masks, colour, cap * 0.1, pad + extra, middle=True)
    for top in (pad * 0.3, size[0] - extra - pad * 0.6):
        if extra > FEWEST and rng.random() < 0.7:
            spot = (size[1] * rng.uniform(0.1, 0.4), top)
            small_print(rng, writer, sheet, spot, extra * 0.8, colours(rng)[1], writer.text(rng, 4, 14))
    for x in (0.08, 0.92):
        if rng.random() < 0.4:
            bolt = np.zeros(size, np.uint8)
            cv2.circle(bolt, (round(size[1] * x), round(size[0] * 0.12)), max(1, round(cap * 0.07)), 255, -1)
            sheet.write(bolt, 0, 0, colours(rng)[1], is_text=False)
    return sheet


def counter(rng: random.Random, writer: Writer, room: tuple[int, int]) -> Sheet | None:
    """A mechanical counter: a digit to a window, some half-way to the next, on the face of a meter."""
    count = rng.randint(3, 8)
    cap = cap_height(rng, FEWEST + 1, min(room[0] * 0.35, room[1] / count / 1.1))
    pitch, high = cap * rng.uniform(0.85, 1.5), cap * rng.uniform(1.2, 1.9)
    face = writer.printed.draw(rng)
    paper, print_colour = colours(rng)
    size = (
        min(room[0], round(high * rng.uniform(1.2, 5))),
        round(min(room[1], pitch * count * rng.uniform(1.1, 1.6))),
    )
    sheet = Sheet(ground(rng, writer, size, paper), apart=NUMBERS)
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
            small_print(
                rng,
                writer,
                sheet,
                spot,
                cap * rng.uniform(0.3, 0.6),
                print_colour,
                rng.choice((rng.choice(UNITS), code(rng, 9))),
            )
    return sheet
