"""Numbers with what belongs to them: a display's unit, the wheels of a mechanical counter, the bars of a bar code."""

import random

import cv2
import numpy as np

from ocr_edge.contract.labels import DIGITS
from ocr_edge.contract.types import Image
from ocr_train.strips.texts import some
from ocr_train.strips.typefaces import CAP, Typeface, composed, ink

WITH_TENTH = 0.4
"""Share of the values with a unit and a tenth whose unit stands above the tenth, as electricity meters show them."""
NEAR = 0.22
"""How far a wheel may have turned from its digit, in turns to the next one, and still be read as it."""
MOST_DIGITS = 9
"""Digits of a mechanical counter, at most."""
CODES = ((1, 6, 6), (4, 4), (1, 5, 5, 1), (13,), (8,), (12,), (6, 6), (16,))
"""Digits in each group under a bar code: EAN-13, EAN-8, UPC-A, and codes whose digits stand in one row."""

Layers = tuple[Image, Image]
"""Two masks of the same shape, uint8 ``(h, w)``: a line's ink, and what else is there, windows or bars."""


def counter(rng: random.Random, face: Typeface, longest: int) -> tuple[Layers, str] | None:
    """A counter of wheels, a digit to a window; the digits before and after may peek in above and below.

    Args:
        rng: Source of every choice.
        face: What its digits are printed in.
        longest: Most characters.

    Returns:
        Its ink and its windows, cropped, and its digits; None where the face has no digits.
    """
    if longest < 2 or not set(DIGITS) <= face.characters:
        return None
    text = some(rng, DIGITS, rng.randint(2, min(longest, MOST_DIGITS)))
    text = "0" * min(rng.choice((0, 0, 1, 2)), len(text) - 1) + text
    text = text[: min(longest, MOST_DIGITS)]
    high = round(CAP * rng.uniform(1.02, 1.6))
    turn = CAP * rng.uniform(1.15, 1.7)
    pitch = round(CAP * rng.uniform(0.75, 1.5))
    gap = 0 if rng.random() < 0.3 else round(pitch * rng.uniform(0.04, 0.25))
    inked = np.zeros((high, pitch * len(text)), np.uint8)
    windows = np.zeros_like(inked)
    for place, char in enumerate(text):
        left, right = place * pitch + gap // 2, (place + 1) * pitch - (gap - gap // 2)
        windows[:, left:right] = 255
        is_turning = rng.random() < (0.5 if place == len(text) - 1 else 0.15)
        turned = rng.uniform(-NEAR, NEAR) if is_turning else rng.uniform(-0.04, 0.04)
        for step in (-1, 0, 1):
            digit = ink(face.face, str((int(char) + step) % 10), rng)
            size = (min(round(digit.shape[1] * CAP / digit.shape[0]), right - left), CAP)
            digit = np.asarray(cv2.resize(digit, size, interpolation=cv2.INTER_AREA), np.uint8)
            top = round((high - CAP) / 2 + (step - turned) * turn)
            rows = slice(max(0, -top), min(CAP, high - top))
            if rows.stop > rows.start:
                x = (left + right - size[0]) // 2
                inked[top + rows.start : top + rows.stop, x : x + size[0]] = digit[rows]
    return (inked, windows), text


def under_bars(rng: random.Random, face: Typeface, longest: int) -> tuple[Layers, str] | None:
    """The digits under (at times over) a bar code, whose bars end above them or reach down between the groups.

    Args:
        rng: Source of every choice.
        face: What its digits are printed in.
        longest: Most characters.

    Returns:
        Its ink and its bars, cropped, and its digits with spaces where bars or gaps part them; None where no code
        is so short, or the face lacks a digit.
    """
    codes = [code for code in CODES if sum(code) + len(code) - 1 <= longest]
    if not codes or not set(DIGITS) <= face.characters:
        return None
    parts = [some(rng, DIGITS, size) for size in rng.choice(codes)]
    gap, placed, spots, pen = round(CAP * rng.uniform(0.45, 0.9)), [], [], 0
    for part in parts:
        mask = ink(face.face, part, rng)
        placed.append((mask, pen, -mask.shape[0]))
        pen += mask.shape[1] + gap
        spots.append(pen - gap // 2)
    digits = composed(placed)
    above = round(CAP * rng.uniform(0.2, 0.7))
    height, width = digits.shape[0] + above, digits.shape[1] + gap
    inked, bars = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    inked[above:, : digits.shape[1]] = digits
    thin = max(1, round(CAP * rng.uniform(0.04, 0.1)))
    end = above - round(CAP * rng.uniform(0.05, 0.12))
    x = 0 if len(parts[0]) > 1 else spots[0]
    while x < width - thin:
        wide = thin * rng.choice((1, 1, 2, 3))
        bars[:end, x : x + wide] = 255
        x += wide + thin * rng.choice((1, 1, 2, 3))
    if len(parts) > 1:  # the guards reach down between the groups
        low = above + round(digits.shape[0] * rng.uniform(0.2, 0.7))
        for spot in spots:
            for left in (spot - thin, spot + thin):
                bars[:low, max(left, 0) : max(left, 0) + thin] = 255
    bars[inked > 0] = 0
    if rng.random() < 0.1:  # the bars stand under the digits
        inked[: digits.shape[0]], inked[digits.shape[0] :] = inked[above:].copy(), 0
        bars = np.ascontiguousarray(bars[::-1])
        bars[inked > 0] = 0
    return (inked, bars), " ".join(parts)


def with_unit(rng: random.Random, display: Typeface, value: str, unit: Image) -> Image:
    """The ink of a value in segments with its unit beside it: smaller or as high, above or on the line.

    Args:
        rng: Source of every choice.
        display: What the value is written in.
        value: What the display shows.
        unit: Ink of the printed unit.
    """
    has_tenth = value[-2:-1] in tuple(".,") and value[-1].isdigit() and rng.random() < WITH_TENTH
    digits = ink(display.face, value[:-1] if has_tenth else value, rng)
    height, right = digits.shape
    gap = rng.randint(3, 16)
    if has_tenth:
        tenth = _resized(ink(display.face, value[-1], rng), rng.uniform(0.5, 0.65))
        small = _resized(unit, min(1.0, rng.uniform(0.3, 0.45) * height / unit.shape[0]))
        gap = rng.randint(1, 5)
        placed = [(tenth, right + gap, height - tenth.shape[0]), (small, right + gap, 0)]
    else:
        small = _resized(unit, rng.uniform(0.35, 1.0))
        top = 0 if rng.random() < 0.3 else max(height - small.shape[0], 0)
        placed = [(small, right + gap, top)]
    placed.append((digits, 0, 0))
    return composed(placed)


def _resized(mask: Image, scale: float) -> Image:
    size = (max(2, round(mask.shape[1] * scale)), max(2, round(mask.shape[0] * scale)))
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)
