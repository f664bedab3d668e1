"""Samples for tests: drawn lines, with what a reader that is not sure made of them."""

import cv2
import msgspec
import numpy as np

from ocr_edge.contract.types import Box
from ocr_edge.harvest import likeness, sample
from ocr_edge.harvest.folder import Samples
from ocr_edge.harvest.sample import About, Named

ALPHABET = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ. ")
WIDE, HIGH = 28, 48


def strip(text, noise=0):
    """A picture of a text, uint8 RGB, ``HIGH`` rows, ``WIDE`` columns a character and as many around."""
    image = np.full((HIGH, WIDE * (len(text) + 2), 3), 225, np.uint8)
    for place, character in enumerate(text):
        at = (WIDE * (place + 1) + 3, 36)
        cv2.putText(image, character, at, cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 40, 60), 3, cv2.LINE_AA)
    if noise:
        grain = np.random.default_rng(noise).normal(0, 6, image.shape)
        image = np.clip(image + grain, 0, 255).astype(np.uint8)
    return image


def scores(text, labels=ALPHABET):
    """Posteriors of a line stage that sees each character where ``strip`` draws it."""
    step_wide = WIDE * 32 / HIGH / 4
    rows = np.full((int(np.ceil(step_wide * (len(text) + 2))), len(labels) + 1), -9.0, np.float32)
    rows[:, -1] = -0.01
    for place, character in enumerate(text):
        at = int(step_wide * (place + 1.5))
        rows[at, -1], rows[at, labels.index(character)] = -4.0, -0.05
    return rows


def made(number, written, read, sure=0.6, *, region="meter", around=b"", posteriors=True, **more):
    """A sample of a text that was read as another one, its first character in doubt."""
    image = strip(written, noise=number + 1)
    characters = tuple(
        Named(
            c, sure if place == 0 else 0.99, (WIDE * (place + 1), 10, WIDE - 2, 30), ((c, sure), ("8", 0.2))
        )
        for place, c in enumerate(read)
    )
    about = About(
        id=f"20261126T12{number // 60:02d}{number % 60:02d}-{number:06x}",
        time=1_790_000_000.0 + number,
        region=region,
        bundle="default, made 2026-11-26",
        reason="uncertain",
        why=f"{sure:.0%} sure, asked for 90%",
        text=read,
        confidence=sure,
        size=image.shape[:2],
        characters=characters,
        labels=ALPHABET if posteriors else (),
        look=likeness.look(image),
    )
    parts = {"strip": sample.png(image)}
    if posteriors:
        parts["posteriors"] = sample.packed(scores(written))
    if around:
        parts["surroundings"] = around
    return sample.made(msgspec.structs.replace(about, **more), parts)


def filled(path, pairs, **more):
    """A folder with samples: texts with what was read."""
    samples = Samples(path)
    samples.add([made(number, *pair, 0.4 + number / 100, **more) for number, pair in enumerate(pairs)])
    return samples


def boxes_of(text):
    """Where ``strip`` draws each character, roughly."""
    return [Box(WIDE * (place + 1), 8, WIDE, 34) for place in range(len(text))]
