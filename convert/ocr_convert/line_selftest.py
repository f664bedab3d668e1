"""Strips that travel in a bundle, drawn here so that nobody's pictures do, with the texts it must read in them."""

import random
from typing import Any

import numpy as np
import numpy.typing as npt

from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.labels import DEFAULT, DIGITS
from ocr_edge.contract.preprocess import LINE_HEIGHT, fill, strip
from ocr_edge.contract.types import Image
from ocr_edge.decode import ctc
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.lines import LineRecognizer
from ocr_train.rendering.drawn import DOT_VARIANTS, SEGMENT_VARIANTS
from ocr_train.rendering.glyphs import Face
from ocr_train.strips.typefaces import Typeface, characters, ink

STRIPS = 24
"""How many: some four characters each, so that most labels that drawn faces have are among them."""
TRIED = 600
"""Lines drawn, of which those are taken that show most."""
WIDTH = 128
"""Columns that all are filled to."""
MARGIN = 6
"""Pixels around a line of capitals of 32."""
SURE = 0.9
"""Probability of a text from which a strip is no near tie, which another processor might round the other way."""


def drawn(bundle: Bundle, seed: int = 1) -> dict[str, npt.NDArray[Any]]:
    """Strips that the bundle reads rightly and surely, as many labels among them as can be.

    Args:
        bundle: With a line stage.
        seed: Start of every choice.

    Returns:
        The arrays ``line_rgb``, ``line_binary``, ``line_widths`` and ``line_texts`` of ``selftest.npz``.

    Raises:
        ConfigError: There are none: no label can be drawn, or the stage is not sure of any line.
    """
    recognizer = LineRecognizer(bundle)
    labels = recognizer.labels
    rng = random.Random(seed)
    faces = _faces()
    found = []
    tried = 0
    for _ in range(TRIED):
        typeface = rng.choice(faces)
        known = [label for label in labels if label in typeface.characters and label != " "]
        if not known:
            continue
        tried += 1
        text = "".join(rng.choices(known, k=rng.randint(2, 5)))
        mask = np.pad(ink(typeface.face, text, rng), MARGIN)
        image = np.repeat(255 - mask[..., None], 3, axis=2)
        rgb, binary = strip(image)
        if rgb.shape[1] > WIDTH:
            continue
        scores = recognizer.recognize_strip(rgb, binary).scores
        said = [labels.index(c) for c in text]
        if ctc.greedy(scores)[0] == said and ctc.forward(scores, said) > np.log(SURE):
            found.append((rgb, binary, text))
    if not tried:
        raise ConfigError(
            f"no face that is drawn for the self-test has any of the {len(labels)} labels, so no bundle could be proven"
            " on a device; train with digits or letters of A-Z among the labels"
        )
    if not found:
        raise ConfigError(
            f"none of {tried} drawn lines is read rightly and surely, so no bundle could be proven on a device;"
            " train longer, or with rendered lines among the real ones"
        )
    chosen: list[tuple[Image, Image, str]] = []
    covered: set[str] = set()
    while found and len(chosen) < STRIPS:
        best = max(range(len(found)), key=lambda i: len(set(found[i][2]) - covered))
        chosen.append(found.pop(best))
        covered |= set(chosen[-1][2])
    filled = [fill(rgb, binary, WIDTH) for rgb, binary, _ in chosen]
    shape = (len(chosen), LINE_HEIGHT, WIDTH)
    return {
        "line_rgb": np.array([rgb for rgb, _ in filled], np.uint8).reshape(*shape, 3),
        "line_binary": np.array([binary for _, binary in filled], np.uint8).reshape(*shape, 1),
        "line_widths": np.array([rgb.shape[1] for rgb, _, _ in chosen], np.int64),
        "line_texts": np.array([text for _, _, text in chosen], np.str_),
    }


def _faces() -> list[Typeface]:
    dots = [
        Face(f"dots {n}", "", "", 0, "dot-matrix", "".join(DEFAULT), "drawn-dots", n)
        for n in range(DOT_VARIANTS)
    ]
    segments = [
        Face(f"segments {n}", "", "", 0, "seven-segment", DIGITS, "drawn-segments", n)
        for n in range(SEGMENT_VARIANTS)
    ]
    return [Typeface(face, characters(face)) for face in dots + segments]
