"""A seven-segment display, drawn bar by bar: light on dark, with a minus, a point and a colon."""

import numpy as np

LIT = {
    "0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd", "6": "afgedc", "7": "abc",
    "8": "abcdefg", "9": "abcdfg", "-": "g", " ": "",
}  # fmt: skip
HIGH, WIDE, BAR, GAP, MARGIN = 48, 26, 6, 10, 24
BARS = {
    "a": (0, 0, WIDE, BAR),
    "b": (WIDE - BAR, 0, BAR, HIGH // 2),
    "c": (WIDE - BAR, HIGH // 2, BAR, HIGH // 2),
    "d": (0, HIGH - BAR, WIDE, BAR),
    "e": (0, HIGH // 2, BAR, HIGH // 2),
    "f": (0, 0, BAR, HIGH // 2),
    "g": (0, HIGH // 2 - BAR // 2, WIDE, BAR),
}
"""Left, top, width and height of each segment in its cell."""


def display(text, light=230, dark=20):
    """A picture of a display, uint8, shape ``(96, W, 3)``."""
    image = np.full((HIGH + 2 * MARGIN, 2 * MARGIN + len(text) * (WIDE + GAP), 3), dark, np.uint8)
    left = MARGIN
    for character in text:
        if character in ".:":
            tops = [HIGH - BAR] if character == "." else [HIGH // 4, 3 * HIGH // 4 - BAR]
            for top in tops:
                image[MARGIN + top : MARGIN + top + BAR, left - 2 : left + BAR - 2] = light
            left += BAR + GAP - 4
            continue
        for name in LIT[character]:
            x, y, width, height = BARS[name]
            image[MARGIN + y : MARGIN + y + height, left + x : left + x + width] = light
        left += WIDE + GAP
    return image[:, : left + MARGIN - GAP]
