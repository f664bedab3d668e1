"""Pictures of one style that the network has not seen, for ``learning_loop.py``: photographs, a face, a hand."""

import csv
import io
import json
import random
import tarfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

DRAWN, CODE = 300, "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
"""Pictures of a face, and the characters of their codes: without I, O and Q, as makers of codes do."""
MARGIN = 0.15
"""Of a box, as a share of its height: nobody draws a region tighter."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture of the style.

    Attributes:
        name: Its file's.
        group: What near copies share.
        text: What stands in it.
        image: uint8, shape ``(H, W, 3)``, BGR.
    """

    name: str
    group: str
    text: str
    image: np.ndarray


def pictures(path: Path) -> list[Picture]:
    """The pictures of an archive, cut to their box where they have one."""
    found = []
    with tarfile.open(path) as archive:
        members = {member.name.removeprefix("./"): member for member in archive if member.isfile()}
        for line in archive.extractfile(members["ground_truth.jsonl"]).read().decode().splitlines():
            row = json.loads(line)
            data = archive.extractfile(members[row["file"]]).read()
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            boxes = row.get("boxes") or []
            if image is None or len(boxes) > 1:
                continue
            if boxes:
                image = cut(image, boxes[0])
            group = f"{path.stem}/{row.get('group') or row['file']}"
            found.append(Picture(f"{path.stem}-{len(found):05d}.png", group, row["text"], image))
    return found


def drawn(font: Path) -> list[Picture]:
    """Codes in a face of its own, as a camera sees them."""
    chance, found = random.Random(font.stem), []
    for number in range(DRAWN):
        text = "".join(chance.choice(CODE) for _ in range(chance.randint(5, 9)))
        face = ImageFont.truetype(str(font), chance.randint(30, 60))
        left, top, right, bottom = face.getbbox(text)
        ink = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(ink).text((-left, -top), text, 255, font=face)
        found.append(seen(font.stem, number, text, np.asarray(ink), chance))
    return found


def composed(path: Path, group: str) -> list[Picture]:
    """Codes put together of the characters of one face or hand, as a camera sees them.

    Args:
        path: A set of dark characters on white paper: a tar file with ``labels.csv``.
        group: The face or hand, as ``labels.csv`` names it. Digits and capitals are taken; a crop does not say how
            large its character was, so they all get the same height.

    Raises:
        ValueError: No such group, or it lacks a character of the codes.
    """
    crops: dict[str, np.ndarray] = {}
    with tarfile.open(path) as archive:
        for row in csv.DictReader(io.TextIOWrapper(archive.extractfile("labels.csv"), "utf-8")):
            if row["group"] == group and row["label"] in CODE:
                data = np.frombuffer(archive.extractfile(row["file"]).read(), np.uint8)
                ink = 255 - cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
                x, y, width, height = cv2.boundingRect(ink)
                crops[row["label"]] = ink[y : y + height, x : x + width]
    if lacking := set(CODE) - set(crops):
        raise ValueError(f"group {group!r} of {path.name} lacks {''.join(sorted(lacking))}")
    chance, found = random.Random(group), []
    for number in range(DRAWN):
        text = "".join(chance.choice(CODE) for _ in range(chance.randint(5, 9)))
        height = chance.randint(24, 46)
        parts = []
        for character in text:
            crop = crops[character]
            size = max(1, round(crop.shape[1] * height / crop.shape[0])), height
            parts.append(cv2.resize(crop, size, interpolation=cv2.INTER_AREA))
            parts.append(np.zeros((height, round(height * chance.uniform(0.1, 0.2))), np.uint8))
        found.append(seen(group, number, text, np.hstack(parts[:-1]), chance))
    return found


def seen(style: str, number: int, text: str, ink: np.ndarray, chance: random.Random) -> Picture:
    """What a camera makes of dark ink (uint8 ``(H, W)``, 255 is ink) on paper: blurred, noisy, compressed."""
    pad, paper, dark = chance.randint(8, 20), chance.randint(190, 235), chance.randint(15, 80)
    share = np.pad(ink, pad).astype(np.float32)[..., None] / 255
    sheet = np.array([paper - 10, paper - 3, paper], np.float32)
    plain = sheet * (1 - share) + np.array([dark + 5, dark, dark], np.float32) * share
    blurred = cv2.GaussianBlur(plain, (0, 0), chance.uniform(0.5, 1.3))
    noisy = blurred + np.random.default_rng(number).normal(0, chance.uniform(2, 9), (*blurred.shape[:2], 3))
    _, data = cv2.imencode(
        ".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, chance.randint(70, 95)]
    )
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return Picture(f"{style}-{number:05d}.png", f"{style}/images/{number:04d}.jpg", text, image)


def cut(image: np.ndarray, box: object) -> np.ndarray:
    """A picture without what is far from a box: ``[quad or xywh, text]`` or ``{"xywh": ...}``."""
    numbers = np.array(box["xywh"] if isinstance(box, dict) else box[0], float).ravel()
    if len(numbers) == 8:
        (left, top), (right, bottom) = numbers.reshape(4, 2).min(axis=0), numbers.reshape(4, 2).max(axis=0)
    else:
        left, top, right, bottom = *numbers[:2], *(numbers[:2] + numbers[2:])
    more = MARGIN * (bottom - top)
    rows = slice(max(0, int(top - more)), round(bottom + more))
    return np.ascontiguousarray(image[rows, max(0, int(left - more)) : round(right + more)])
