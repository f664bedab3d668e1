"""Values with marks, drawn to look photographed: dates, times, temperatures, prices, codes in fonts and on displays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lib.drawn.ink import DOTS, Ink, NoFontError, dots, font_file, printed, segments
from lib.drawn.photographed import Image, any_look, compressed, photograph

MARKS = "/-.:%,°+()"
"""Marks that a reader of letters and digits takes for characters, or loses."""

COUNT, SEED = 300, 11
MEDIA = ("print", "print", "print", "segments", "dots")
"""What a value stands on, in turns: three in five are printed."""

FAMILIES = (
    "DejaVu Sans", "DejaVu Sans Mono", "DejaVu Serif", "Liberation Sans", "Liberation Serif", "Liberation Mono",
    "Liberation Sans Narrow", "Roboto", "Roboto Condensed", "Lato", "Noto Sans", "Noto Serif", "Noto Sans Mono",
    "Open Sans", "PT Sans", "PT Mono", "Inconsolata", "FreeSans", "FreeSerif", "Courier Prime", "Carlito", "Cantarell",
    "Hack", "B612", "Comic Neue",
)  # fmt: skip
"""Common families, all free and packaged by Debian; a value whose family is not installed is left out."""

PRINTED = (
    "##/##/20##", "20##-0@-1#", "##.##.20##", "1#:##", "0@:##:##", "@#.#", "-@.#", "-@#,# °C", "+@#.# °C", "@#°",
    "@# %", "@#.#%", "@#%", "(@##)", "(0##) ###-####", "+## (0)## ####", "&&-####/##", "@/#", "1:@00", "@#-@#",
    "(&-@#)", "@,#+@,#", "No. ###/#-#", "@#.###,##", "&&.###-#", "+@,##", "@,## kg", "(+@.#)", "(@#%)",
    "@,# %", "0@/##", "##°/@##°",
)  # fmt: skip
"""Values: ``#`` is any digit, ``@`` one from 1 to 9, ``&`` a letter."""
SHOWN = (
    "@#.#", "-@.#", "-@#.#°C", "1#:##", "0@:##:##", "@###.##", "-@#", "@#-@#", "0@-1#-##", "@#,#", "@#°C", "@,###",
)  # fmt: skip
"""The same for seven segments, which have no slash, per cent, plus or brackets."""
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Marked:
    """A drawn value.

    Attributes:
        name: For a file.
        medium: One of ``MEDIA``.
        text: What it shows.
        image: uint8, shape ``(H, W, 3)``, RGB.
    """

    name: str
    medium: str
    text: str
    image: Image


def values(count: int = COUNT, seed: int = SEED, missing: list[str] | None = None) -> Iterator[Marked]:
    """The set: each value has a seed of its own, so that one left out changes no other.

    Args:
        count: How many, fonts that are missing aside.
        seed: Another seed is another set.
        missing: Gets the families that are not installed.
    """
    absent: list[str] = []
    for index in range(count):
        random = np.random.default_rng([seed, index])
        medium = MEDIA[index % len(MEDIA)]
        text = _text(medium, random)
        try:
            ink = _ink(medium, text, random)
        except NoFontError as error:
            absent.append(str(error))
            continue
        look = any_look(random, display=medium != "print")
        image = compressed(photograph(ink, look, random), look.quality)
        yield Marked(f"{index:03d}-{medium}.png", medium, text, image)
    if missing is not None:
        missing += sorted(set(absent))


def _text(medium: str, random: np.random.Generator) -> str:
    """A value that the medium can show."""
    choices: Sequence[str] = SHOWN if medium == "segments" else PRINTED
    if medium == "dots":
        choices = [upper for one in PRINTED if set(upper := one.upper()) <= {*DOTS, *"#@&"}]
    form = choices[int(random.integers(len(choices)))]
    drawn = {"#": "0123456789", "@": "123456789", "&": LETTERS}
    return "".join(drawn[c][int(random.integers(len(drawn[c])))] if c in drawn else c for c in form)


def _ink(medium: str, text: str, random: np.random.Generator) -> Ink:
    """The value's ink, 15 to 55 pixels high."""
    if medium == "segments":
        thick, slant = random.uniform(0.09, 0.15), random.choice([0, 0.08, 0.14])
        ghost = random.choice([0, 0, 0.06])
        return segments(text, int(random.integers(28, 56)), thick=thick, slant=slant, ghost=ghost)
    if medium == "dots":
        return dots(text, random.uniform(3, 6.5), size=random.uniform(0.75, 1.0))
    family = FAMILIES[int(random.integers(len(FAMILIES)))]
    style = "Bold" if random.random() < 0.4 else "Regular"
    return printed(text, font_file(family, style), random.uniform(20, 56))
