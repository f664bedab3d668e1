"""Small photographs with outlines, a network that sees edges as text, and a recipe that learns in a second."""

import json
import tarfile

import cv2
import keras
import numpy as np
from tests.train.line_data import add

from ocr_train.drawn_recipe import DrawnSource
from ocr_train.scenes.recipe import SceneRecipe


def picture(rng, size=(160, 200)):
    """Stripes for text, here and there, on plain paper, and their outlines: uint8 RGB, float32 (N, 4, 2)."""
    image = np.full((*size, 3), rng.integers(150, 230), np.uint8)
    quads = []
    for row in range(int(rng.integers(1, 4))):
        left, width, height = int(rng.integers(16, 60)), int(rng.integers(60, 120)), int(rng.integers(18, 26))
        top = 12 + 48 * row
        for x in range(left, left + width, 6):
            cv2.rectangle(image, (x, top), (x + 2, top + height), (20, 20, 20), -1)
        quads.append([[left, top], [left + width, top], [left + width, top + height], [left, top + height]])
    return image, np.array(quads, np.float32)


def archive(path, count=9, seed=0, splits=("train", "train", "validation"), size=(160, 200)):
    """A ``scenes:`` archive; returns its path."""
    rng = np.random.default_rng(seed)
    with tarfile.open(path, "w") as tar:
        rows = []
        for index in range(count):
            image, quads = picture(rng, size)
            name = f"{index}.png"
            add(tar, name, cv2.imencode(".png", image[..., ::-1])[1].tobytes())
            boxes = [[quad.tolist(), "A"] for quad in quads]
            rows.append({"file": name, "text": "", "split": splits[index % len(splits)], "boxes": boxes})
        add(tar, "ground_truth.jsonl", "\n".join(map(json.dumps, rows)).encode())
    return path


def edges():
    """A network without training that calls text what has stripes as ``picture`` draws them, whatever the size."""
    rgb = keras.Input((None, None, 3), name="rgb")
    x = keras.layers.Rescaling(1 / 255, name="rgb_scale")(rgb)
    phase = 2 * np.pi * (np.arange(8) - 3.5) / 6
    waves = [np.sin(phase) * np.hanning(8), np.cos(phase) * np.hanning(8)]
    kernel = np.zeros((8, 8, 3, 4), np.float32)
    for index, wave in enumerate([*waves, *(-wave for wave in waves)]):
        kernel[..., index] = (wave - wave.mean())[None, :, None] / 24
    gradient = keras.layers.Conv2D(4, 8, strides=4, padding="same", use_bias=False, name="gradient")
    x = keras.layers.ReLU(name="strength")(gradient(x))
    gradient.set_weights([kernel])
    half = keras.layers.UpSampling2D(2, name="up")(
        keras.layers.AveragePooling2D(2, padding="same", name="half")(x)
    )
    x = keras.layers.Add(name="both")([x, half])
    score = keras.layers.Conv2D(1, (1, 5), padding="same", name="score")
    x = score(x)
    score.set_weights([np.full((1, 5, 4, 1), 2, np.float32), np.array([-16], np.float32)])
    return keras.Model({"rgb": rgb}, keras.layers.Activation("sigmoid", name="text")(x), name="edges")


def tiny(labels=0):
    """A network that finds text, of three convolutions."""
    rgb = keras.Input((None, None, 3), name="rgb")
    x = keras.layers.Rescaling(1 / 255)(rgb)
    x = keras.layers.Conv2D(8, 8, strides=4, padding="same", use_bias=False)(x)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = keras.layers.Conv2D(1, 3, padding="same")(x)
    return keras.Model({"rgb": rgb}, keras.layers.Activation("sigmoid", name="text")(x), name="tiny_map")


def recipe(**changes):
    return SceneRecipe(
        **{
            "architecture": "tiny_map",
            "side": 96,
            "batch_size": 4,
            "steps": 6,
            "epochs": 3,
            "real": 1.0,
            "held_out": 0,
            "average": 0.5,
            "learning_rate": 5e-3,
            "sources": (DrawnSource(data="scenes:scenes.tar"),),
            **changes,
        }
    )
