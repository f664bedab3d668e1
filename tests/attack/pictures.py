"""Pictures made wrong, and handed to ``ocr-edge read`` and to what decodes a network camera's."""

import contextlib
import functools
import io
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, features

from ocr_edge.cli import main
from ocr_edge.commands import read
from ocr_edge.daemon.region_setup import READ_LIMIT_S
from ocr_edge.errors import CaptureError
from ocr_edge.sources import decoder
from ocr_edge.system.stderr import hush
from tests.attack.child import Child
from tests.attack.mutate import mutate, with_right_sums

OUTCOMES: Counter[str] = Counter()
"""How often inputs were read and refused, of those of ``attack``."""
WHOLE = 0.25
"""Share of pictures in which nothing is wrong but their shape and what they show."""
SIDES = (1, 2, 3, 7, 16, 40, 64, 65, 150, 300)
LONG = (5000, 16_000)
_FORMS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("JPEG", "RGB", {}),
    ("JPEG", "RGB", {"progressive": True}),
    ("JPEG", "L", {"exif": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"}),
    ("JPEG", "CMYK", {"restart_marker_blocks": 2}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "P", {"transparency": 3}),
    ("PNG", "1", {}),
    ("PNG", "I;16", {}),
    ("PNG", "RGB", {"save_all": True}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("WEBP", "RGB", {"save_all": True}),
    ("TIFF", "RGB", {}),
    ("TIFF", "RGBA", {"compression": "tiff_lzw"}),
    ("TIFF", "1", {"compression": "group4"}),
    ("TIFF", "L", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", "RGB", {"compression": "jpeg"}),
    ("TIFF", "F", {}),
    ("TIFF", "P", {"save_all": True}),
    ("BMP", "RGB", {}),
    ("BMP", "P", {}),
    ("BMP", "1", {}),
    ("BMP", "RGBA", {}),
    ("GIF", "P", {"save_all": True}),
    ("PPM", "RGB", {}),
    ("JPEG2000", "RGB", {}),
)


def attack(seed: int, folder: Path) -> str | None:
    """Make one picture wrong, hand it over, and say what went wrong with that; None when nothing did.

    Args:
        seed: Decides everything.
        folder: Where the picture is written, and stays when something goes wrong.
    """
    outcome, failure = _child().ask(seed, folder)
    OUTCOMES[outcome] += 1
    return failure


def made(seed: int) -> bytes:
    """The content of the picture of a seed."""
    chance = random.Random(seed)
    form, content = _whole(chance)
    if chance.random() < WHOLE:
        return content
    content = mutate(content, chance, _whole(chance)[1])
    return with_right_sums(content) if form == "PNG" and chance.random() < 0.7 else content


def handed_over(seed: int, folder: Path) -> tuple[str, str | None]:
    """The command's way and the camera's, with the picture of a seed."""
    path = folder / f"{seed}.{'png' if seed % 2 else 'jpg'}"
    path.write_bytes(made(seed))
    read.open_reader = lambda args: _reader()
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["read", str(path), "--format", "json"])
    lines = err.getvalue().splitlines()
    refused = [line for line in lines if line.startswith("ERROR: ")]
    if "the program failed" in err.getvalue() or "Traceback" in err.getvalue():
        return "failed", refused[0] if refused else lines[0]
    if not all(re.match(r"(ERROR|WARNING): ", line) for line in lines):
        return "failed", f"noise on stderr: {lines}"
    if (code, len(refused), len(out.getvalue().splitlines())) not in {(0, 0, 1), (4, 1, 0)}:
        return "failed", f"exit code {code} with {len(refused)} errors: {lines}"
    with contextlib.suppress(CaptureError), hush():
        decoder.decode(path.read_bytes(), live=True)
    path.unlink()
    return "refused" if code else "read", None


@functools.cache
def _child() -> Child:
    return Child(__name__)


@functools.cache
def _reader() -> Any:
    from ocr_edge import reader

    reader.LIMIT_S = READ_LIMIT_S  # a texture may use up the limit, and the command's is 30 s
    return reader.Reader()


def _whole(chance: random.Random) -> tuple[str, bytes]:
    """A picture of any form, and the form's name."""
    form, mode, options = chance.choice(_FORMS)
    if form == "JPEG2000" and not features.check("jpg_2000"):
        form = "PPM"
    shown = Image.fromarray(_pixels(chance))
    image = shown.convert("L").convert(mode) if mode in {"I;16", "F"} else shown.convert(mode)
    if options.get("save_all"):
        options = options | {"append_images": [image.rotate(180)]}
    file = io.BytesIO()
    try:
        image.save(file, form, **options)
    except (OSError, ValueError, RuntimeError):  # a shape that the writer cannot write
        return _whole(chance)
    return form, file.getvalue()


def _pixels(chance: random.Random) -> npt.NDArray[np.uint8]:
    """Noise, specks, rectangles or text, of any shape."""
    height, width = chance.choice(SIDES), chance.choice(SIDES)
    if chance.random() < 0.05:
        height, width = chance.sample((chance.choice(SIDES), chance.choice(LONG)), 2)
    random_ = np.random.default_rng(chance.getrandbits(32))
    image = np.full((height, width, 3), chance.randrange(256), np.uint8)
    match chance.randrange(4):
        case 0:
            image = random_.integers(0, 256, image.shape).astype(np.uint8)
        case 1:
            image[random_.random((height, width)) < chance.random() / 2] = chance.randrange(256)
        case 2:
            for _ in range(20):
                (top, bottom), (left, right) = (
                    sorted(random_.integers(0, side + 1, 2)) for side in (height, width)
                )
                image[top:bottom, left:right] = random_.integers(0, 256, 3)
        case 3:
            size = min(5.0, max(0.2, height / 40))
            cv2.putText(
                image, "AB12 34.5", (2, height - height // 4), cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 1
            )
    return image
