"""Picture 1: where text was found: the detector's looks, the guesses at the ink, and the lines."""

import numpy as np

from ocr_edge.contract.types import Box, Image
from ocr_edge.detect.detector import Look
from ocr_edge.explain import decision, drawing
from ocr_edge.explain.account import Account, Told
from ocr_edge.geometry.transform import Points, apply
from ocr_edge.segment.segmenter import Guess

LOOK, GUESS, VIEW = (580, 480), (380, 480), (1200, 1200)
"""Most columns and rows of a look of the detector, of a guess at the ink, and of what was looked at."""
MOST_SCALE = 4.0


def draw(account: Account) -> Image:
    """What the detector saw, the guesses at the ink, and all lines, each where it took part."""
    parts = [drawing.heading("1. Where text was found", _notes(account))]
    if account.looks:
        parts.append(drawing.heading("What the detector sees, look by look"))
        parts.append(drawing.tiles([_look(look) for look in account.looks], drawing.WIDEST))
        parts.append(drawing.heading("The lines that it found"))
        parts.append(_view(account.asked.picture, account))
    view: Image | None = None
    tiles: list[Image] = []
    for number, guess in enumerate(account.guesses, 1):
        if guess.picture is not view:
            parts += _tiled(tiles)
            view, tiles = guess.picture, []
            parts += [drawing.heading(_name(view, account)), _view(view, account)]
        tiles.append(_guess(number, guess))
    return drawing.stack([*parts, *_tiled(tiles)])


def _notes(account: Account) -> list[drawing.Note]:
    notes: list[drawing.Note] = []
    if account.looks:
        notes.append(
            (
                "Orange: how likely the middle of a line is. Blue: taken from this look. Grey: left to others.",
                drawing.GREY,
            )
        )
    if account.guesses:
        notes.append(("Black is what a guess takes for ink; blue frames are the lines in it.", drawing.GREY))
        notes.append(("A guess is good where the characters are whole and apart.", drawing.GREY))
    notes += decision.LEGEND
    if not account.looks and not account.guesses:
        why = "one line fills the picture, and the line stage was sure of it"
        if not account.lines:
            why = "the picture has too few pixels"
        notes = [(f"Nothing to show: nothing was looked for, since {why}.", drawing.RED)]
    elif not account.looks:
        why = "the bundle has none"
        if account.asked.has_detector:
            why = "the picture is so low that one line fills it"
        notes.append((f"The detector was not asked: {why}.", drawing.GREY))
    if account.silent:
        notes.append((f"Lines in which nothing like text was seen: {len(account.silent)}", drawing.GREY))
    return notes + [(remark, drawing.RED) for remark in account.remarks]


def _tiled(tiles: list[Image]) -> list[Image]:
    return [drawing.tiles(tiles, drawing.WIDEST)] if tiles else []


def _name(view: Image, account: Account) -> str:
    """What was looked at, in words."""
    height, width = view.shape[:2]
    what = "The picture" if view is account.asked.picture else "The picture turned straight"
    return f"{what}, {width} x {height} pixels"


def _fitted(image: Image, most: tuple[int, int]) -> float:
    return float(min(most[0] / image.shape[1], most[1] / image.shape[0], MOST_SCALE))


def _look(look: Look) -> Image:
    scale = _fitted(look.seen, LOOK)
    shown = drawing.heat(drawing.faded(drawing.enlarged(look.seen, scale)), look.text, drawing.ORANGE)
    for quad, fits in zip(look.quads, look.fits.tolist(), strict=True):
        drawing.outline(shown, np.asarray(quad, np.float64), scale, drawing.BLUE if fits else drawing.GREY)
    height, width = look.seen.shape[:2]
    taken, all_ = int(look.fits.sum()), len(look.quads)
    title = f"{width} x {height} pixels: {taken} of {all_} outlines taken"
    return drawing.stack([drawing.heading(title, rows=drawing.NORMAL), shown], 2)


def _guess(number: int, guess: Guess) -> Image:
    ink = drawing.gray_as_colour(255 - guess.mask.ink)
    scale = _fitted(ink, GUESS)
    shown = drawing.enlarged(ink, scale)
    for line in guess.lines:
        left, top = guess.area.left / guess.scale, guess.area.top / guess.scale
        drawing.frame(shown, drawing.placed(line.box, guess.scale * scale, left, top), drawing.BLUE)
    drawing.frame(shown, Box(0, 0, shown.shape[1], shown.shape[0]), drawing.GREY)
    title = f"guess {number}: {guess.mask.polarity.value} ink, {guess.mask.name}"
    note = f"scale {guess.scale:.2f}, lines: {len(guess.lines)}"
    return drawing.stack([drawing.heading(title, [(note, drawing.GREY)], drawing.NORMAL), shown], 2)


def _view(view: Image, account: Account) -> Image:
    """What was looked at, with the lines that were found in it."""
    scale = _fitted(view, VIEW)
    shown = drawing.faded(drawing.enlarged(view, scale))
    whole = view is account.asked.picture
    for line in [*account.silent, *reversed(account.lines)]:
        if whole and line.found:
            points = line.outline
        elif line.place.image is view:
            points = line.outline if line.place.back is None else _back(line)
        else:
            continue
        paint = decision.colour(line) if line.number else drawing.GREY
        drawing.outline(shown, points, scale, paint, 2 if line.number else 1)
        if line.number:
            drawing.label(shown, points, scale, str(line.number), paint)
    return shown


def _back(line: Told) -> Points:
    """A line's outline in the pixels of what it was found in."""
    assert line.place.back is not None
    return apply(np.asarray(np.linalg.inv(line.place.back), np.float64), line.outline)
