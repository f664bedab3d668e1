"""Small sets of lines without a font, and a recipe that learns from them in a second."""

import io
import json
import tarfile

import cv2
import keras
import numpy as np

from ocr_train import architectures
from ocr_train import recipe as recipes
from ocr_train.drawn_recipe import DrawnSource
from ocr_train.strips.recipe import LineRecipe

LABELS = "0123456789. "


def picture(text, rng, height=20):
    """Dark strokes on light paper, as plain as can be: uint8 RGB."""
    image = np.full((height, 12 * len(text) + 6, 3), 225, np.uint8)
    cv2.putText(image, text, (3, height - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (20, 20, 20), 1)
    return np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def texts(count, rng):
    return ["".join(rng.choice(list("0123456789"), rng.integers(2, 6))) for _ in range(count)]


def archive(path, count=24, seed=0, splits=("train", "train", "validation"), **row):
    """A ``words:`` archive; returns its path."""
    rng = np.random.default_rng(seed)
    with tarfile.open(path, "w") as tar:
        rows = []
        for index, text in enumerate(texts(count, rng)):
            name = f"{index}.png"
            add(tar, name, cv2.imencode(".png", picture(text, rng))[1].tobytes())
            rows.append({"file": name, "text": text, "split": splits[index % len(splits)], **row})
        add(tar, "ground_truth.jsonl", "\n".join(map(json.dumps, rows)).encode())
    return path


def add(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def tiny(labels):
    """A network that reads lines, of two convolutions."""
    rgb, binary = keras.Input((32, None, 3), name="rgb"), keras.Input((32, None, 1), name="binary")
    scaled = (keras.layers.Rescaling(1 / 255)(pixels) for pixels in (rgb, binary))
    x = keras.layers.Concatenate()([keras.layers.Conv2D(4, 4, strides=4)(x) for x in scaled])
    x = keras.layers.ReLU()(
        keras.layers.BatchNormalization()(keras.layers.Conv2D(8, (8, 3), padding="same")(x))
    )
    x = keras.layers.Conv2D(labels, (8, 1), name="scores")(x)
    return keras.Model(
        {"rgb": rgb, "binary": binary}, architectures.dual_line.Row(name="logits")(x), name="tiny_line"
    )


def recipe(**changes):
    """Real lines alone, of two widths."""
    settings = {
        "architecture": "tiny_line",
        "labels": LABELS,
        "sources": (DrawnSource(data="words:lines.tar"),),
        "real": 1.0,
        "widths": {"64": 0.5, "96": 0.5},
        "batch_columns": 384,
        "steps": 6,
        "epochs": 3,
        "weight_decay": 0.01,
        "average": 0.9,
    }
    return LineRecipe(**settings | changes)


def toml(settings):
    """A recipe as a file."""
    return recipes.as_toml(settings)
