"""Displays that show a number, in the five ways numbers are shown, with the format that their owner would write."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from lib.drawn.ink import DOTS, Ink, NoFontError, dots, font_file, printed, segments
from lib.drawn.marked_values import FAMILIES
from lib.drawn.photographed import DISPLAYS, PAPERS, Image, Look, any_look, compressed, photograph

COUNT, SEED, FRAMES = 300, 5, 5
LCD, LED = DISPLAYS[:2], DISPLAYS[2:]
"""Of the colours of displays, those of liquid crystal and those that shine."""
WHEELS: tuple[tuple[tuple[int, int, int], tuple[int, int, int]], ...] = (
    ((26, 26, 28), (232, 232, 226)),
    ((228, 226, 218), (24, 24, 26)),
)
"""Colours of counter wheels and their digits: white on black, black on white."""
RED = (196, 44, 40)

KINDS: dict[str, tuple[tuple[str, str], ...]] = {
    "lcd": (
        ("@#.#", "-##0.0"), ("-@#.#", "-##0.0"), ("-@.#", "-##0.0"), ("@.##", "0.00|00.0|000"),
        ("@#.#", "0.00|00.0|000"),
        ("@##", "0.00|00.0|000"), ("1#:~#", "#0:00"), ("@:~#", "#0:00"), ("@####.#", "####0.0"), ("-@#", "-#0"),
        ("@#", "-#0"), ("@#.#°C", "-##0.0 °C"), ("-@.#°C", "-##0.0 °C"), ("@##", "####0"), ("@####", "####0"),
    ),
    "led": (
        ("@#.#", "-##0.0"), ("-@#.#", "-##0.0"), ("0.0#", "0.00|00.0"), ("1#:~#", "00:00"), ("0@:~#:~#", "00:00:00"),
        ("@###", "###0"), ("@#", "###0"), ("-@", "-#0"), ("@##.#", "##0.0"), ("@.##", "0.00|00.0"),
    ),
    "matrix": (
        ("-@#.#°C", "-##0.0 °C"), ("@#.#°C", "-##0.0 °C"), ("@#%", "##0 %"), ("+@#.#", "+##0.0"), ("-@.#", "+##0.0"),
        ("1#:~#", "00:00"), ("@,###", "#,##0"), ("@##", "#,##0"), ("@#.@ V", "##0.0 V"), ("@.## KG", "##0.00 KG"),
    ),
    "wheels": (
        ("0@###", "00000"), ("00@##", "00000"), ("0@##,##", "0000[,]00"), ("@####,#", "00000[,]0"), ("000@#", "00000"),
    ),
    "print": (
        ("@#.# kWh", "##0.0 kWh"), ("-@#,# °C", "-##0,0 °C"), ("@#,# °C", "-##0,0 °C"), ("@.###,## €", "#.##0,00 €"),
        ("1#:~#", "00:00"), ("@# %", "##0 %"), ("@,## kg", "#0,00 kg"), ("@#.## m³", "##0.00 m³"), ("+@,##", "+#0,00"),
        ("-@,##", "+#0,00"), ("@#@#", "####0"), ("@##", "####0"),
    ),
}  # fmt: skip
"""What each kind shows, and the format of it: ``#`` is any digit, ``@`` one from 1 to 9, ``~`` one from 0 to 5."""


@dataclass(frozen=True, slots=True)
class Display:
    """A drawn display in a few frames.

    Attributes:
        name: For a file.
        kind: One of ``KINDS``.
        text: What it shows.
        format: How its owner describes the number.
        frames: uint8, shape ``(H, W, 3)``, RGB; noise, compression and a little shake differ.
    """

    name: str
    kind: str
    text: str
    format: str
    frames: tuple[Image, ...]


def displays(count: int = COUNT, seed: int = SEED, frames: int = FRAMES) -> Iterator[Display]:
    """The set: each display has a seed of its own; one whose font is not installed is printed in another.

    Args:
        count: How many.
        seed: Another seed is another set.
        frames: Pictures of each.
    """
    names = list(KINDS)
    for index in range(count):
        random = np.random.default_rng([seed, index])
        kind = names[index % len(names)]
        choices = KINDS[kind]
        template, form = choices[int(random.integers(len(choices)))]
        text = _text(template, random)
        look = _look(kind, random)
        if kind == "wheels":
            still = _wheels(text, *WHEELS[int(random.integers(len(WHEELS)))], random)
        else:
            # All noise comes later: each frame has its own.
            still = photograph(_ink(kind, text, random), replace(look, blur=0, noise=0), random)
        images = [_noisy(_shaken(still, random), look, random) for _ in range(frames)]
        pictures = tuple(compressed(image, look.quality) for image in images)
        yield Display(f"{index:03d}-{kind}.png", kind, text, form, pictures)


def _text(template: str, random: np.random.Generator) -> str:
    drawn = {"#": "0123456789", "@": "123456789", "~": "012345"}
    return "".join(drawn[c][int(random.integers(len(drawn[c])))] if c in drawn else c for c in template)


def _look(kind: str, random: np.random.Generator) -> Look:
    """How it is seen: what ``any_look`` makes of it, in the colours of its kind, and not from so far aside."""
    look = any_look(random, display=kind != "print")
    colours = {"lcd": LCD, "led": LED, "matrix": DISPLAYS, "wheels": WHEELS, "print": PAPERS}[kind]
    paper, ink = colours[int(random.integers(len(colours)))]
    return replace(look, paper=paper, ink=ink, lean=look.lean / 2, margin=max(look.margin, 0.3))


def _ink(kind: str, text: str, random: np.random.Generator) -> Ink:
    """The number's ink, 20 to 60 pixels high."""
    if kind == "matrix":
        assert set(text) <= set(DOTS), text
        return dots(text, random.uniform(3, 6.5), size=random.uniform(0.75, 1.0))
    if kind == "print":
        style = "Bold" if random.random() < 0.4 else "Regular"
        for family in (FAMILIES[int(random.integers(len(FAMILIES)))], "DejaVu Sans"):
            try:
                return printed(text, font_file(family, style), random.uniform(26, 60))
            except NoFontError:
                continue
    thick, slant = random.uniform(0.09, 0.15), random.choice([0, 0.08, 0.14])
    ghost = random.choice([0, 0, 0.06]) if kind == "lcd" else 0.0
    return segments(text, int(random.integers(30, 60)), thick=thick, slant=slant, ghost=ghost)


def _wheels(
    text: str, paper: tuple[int, int, int], ink: tuple[int, int, int], random: np.random.Generator
) -> Image:
    """Wheels behind windows: one digit each, a little high or low, those after a comma on red."""
    high = int(random.integers(44, 76))
    wide, gap = round(high * random.uniform(0.62, 0.8)), max(1, round(high * random.uniform(0.03, 0.12)))
    whole, _, fraction = text.partition(",")
    housing = tuple(int(v) for v in random.integers(60, 200, 3))
    margin = round(high * 0.25)
    count = len(whole) + len(fraction)
    picture = np.full((high + 2 * margin, 2 * margin + count * (wide + gap), 3), housing, np.uint8)
    face = font_file("DejaVu Sans", "Bold" if random.random() < 0.5 else "Regular")
    size = random.uniform(0.85, 1.0) * high
    for place, digit in enumerate(whole + fraction):
        glyph = printed(digit, face, size)
        glyph = glyph[: high - 2, : wide - 2]
        left = margin + place * (wide + gap) + (wide - glyph.shape[1]) // 2
        off = (high - glyph.shape[0]) // 2 + round(random.uniform(-0.04, 0.04) * high)
        top = margin + min(max(off, 1), high - glyph.shape[0] - 1)
        back, front = (RED, (240, 240, 236)) if place >= len(whole) else (paper, ink)
        first = margin + place * (wide + gap)
        picture[margin : margin + high, first : first + wide] = back
        share = glyph[..., None]
        part = picture[top : top + glyph.shape[0], left : left + glyph.shape[1]]
        part[:] = (1 - share) * part + share * np.array(front, np.float32)
    return picture


def _shaken(image: Image, random: np.random.Generator) -> Image:
    """The picture, shifted by less than two pixels."""
    shift = np.array([[1, 0, random.uniform(-1.5, 1.5)], [0, 1, random.uniform(-1.5, 1.5)]], np.float32)
    moved = cv2.warpAffine(image, shift, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _noisy(image: Image, look: Look, random: np.random.Generator) -> Image:
    """The picture, blurred and under a little other light, with new noise."""
    seen = cv2.GaussianBlur(image.astype(np.float32), (0, 0), look.blur) * random.uniform(0.92, 1.08)
    return np.clip(seen + random.normal(0, look.noise, image.shape), 0, 255).astype(np.uint8)
