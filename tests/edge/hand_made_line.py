"""A line stage made by hand: it reads coloured bars. Its network has a few hundred weights, all of them known.

Red, green and blue bars on white paper are ``r``, ``g`` and ``b``; a step without ink is the blank. No step looks at
its neighbours, so whatever comes out otherwise at another width, or beside a cut, is a fault of the code around it.
``python tests/edge/hand_made_line.py`` writes the network again; it needs TensorFlow, the tests do not.
"""

import json
from pathlib import Path

import numpy as np

from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.files import sha256

FILE = Path(__file__).with_name("hand_made_line.tflite")
LABELS = ("r", "g", "b")
COLOURS = {"r": (255, 0, 0), "g": (0, 255, 0), "b": (0, 0, 255), "x": (128, 128, 128)}
WIDTHS = (64, 128, 320)
GAIN = 8.0
"""Logit of a bar's own colour, and of the blank where there is no ink; those of other colours are negative."""


def bars(text, width=8, gap=8, left=8):
    """A strip with a bar for each letter, and a gap after it; a space is a bar of paper: ``rgb``, ``binary``."""
    columns = left + len(text) * (width + gap)
    rgb, binary = np.full((32, columns, 3), 255, np.uint8), np.zeros((32, columns, 1), np.uint8)
    for index, letter in enumerate(text):
        if letter != " ":
            at = slice(left + index * (width + gap), left + index * (width + gap) + width)
            rgb[:, at], binary[:, at] = COLOURS[letter], 255
    return rgb, binary


def logits(rgb, binary):
    """What the network computes, in NumPy: float32, shape ``(T, 4)``."""
    steps = rgb.shape[1] // 4
    red, green, blue = np.moveaxis(rgb.reshape(32, steps, 4, 3).mean(axis=(0, 2)) / 255, 1, 0)
    ink = binary.reshape(32, steps, 4).mean(axis=(0, 2)) / 255
    total = (red + green + blue) / 2
    colours = [GAIN * (1.5 * colour - total) for colour in (red, green, blue)]
    return np.stack([*colours, GAIN * (1 - 2 * ink)], axis=1).astype(np.float32)


def stage(**changes):
    """The stage as a manifest of schema 2 has it."""
    return {
        "kind": "line", "file": "line.tflite", "sha256": sha256(FILE), "architecture": "bars",
        "parameters": 1000, "macs": 1000, "quantization": "int8", "labels": list(LABELS), "blank": 3,
        "inputs": {"rgb": [32, 0, 3], "binary": [32, 0, 1]}, "widths": list(WIDTHS),
    } | changes  # fmt: skip


def write(folder, texts=("rgb", "brrg", "ggg"), characters=None, **changes):
    """Write a bundle of this stage, and of the character stages of another bundle, with a self-test of these texts."""
    folder.mkdir(parents=True)
    (folder / "line.tflite").write_bytes(FILE.read_bytes())
    manifest = {
        "schema": 2,
        "name": "bars",
        "created": "2026-01-01",
        "preprocess": "1",
        "stages": [stage(**changes)],
    }
    test = {}
    if characters is not None:
        content = json.loads(manifests.encode(manifests.decode((characters / "manifest.json").read_bytes())))
        manifest = {**content, "files": {}, "stages": [stage(**changes), *content["stages"]]}
        for entry in content["stages"]:
            (folder / entry["file"]).write_bytes((characters / entry["file"]).read_bytes())
        with np.load(characters / "selftest.npz") as arrays:
            test = dict(arrays)
    strips = [bars(text) for text in texts]
    columns = max((rgb.shape[1] for rgb, _ in strips), default=4)
    test["line_rgb"] = np.stack([_wide(rgb, columns) for rgb, _ in strips])
    test["line_binary"] = np.stack([_wide(binary, columns) for _, binary in strips])
    test["line_widths"] = np.array([rgb.shape[1] for rgb, _ in strips])
    test["line_texts"] = np.array(texts)
    np.savez(folder / "selftest.npz", **test)
    manifest["files"] = {"selftest.npz": sha256(folder / "selftest.npz")}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def _wide(image, columns):
    """Filled on the right with what nobody may look at."""
    return np.pad(image, ((0, 0), (0, columns - image.shape[1]), (0, 0)), constant_values=77)


def _write_network():
    import tempfile

    import keras
    import tensorflow as tf
    from keras import layers

    inputs = {
        "rgb": keras.Input((32, 128, 3), 1, name="rgb"),
        "binary": keras.Input((32, 128, 1), 1, name="binary"),
    }
    step = {"kernel_size": (32, 4), "strides": (32, 4)}
    colour, ink = layers.Conv2D(4, **step), layers.Conv2D(4, **step)
    x = layers.Add()([colour(inputs["rgb"]), ink(inputs["binary"])])  # (1, 1, 32, 4)
    # Not a reshape: that would fix the width.
    model = keras.Model(inputs, keras.ops.mean(x, axis=1))
    of_colour = GAIN * (1.5 * np.eye(3, 4) - 0.5 * np.array([1, 1, 1, 0]))
    of_ink = GAIN * np.array([[0, 0, 0, -2.0]])
    pixels = 32 * 4 * 255
    colour.set_weights([np.broadcast_to(of_colour / pixels, (32, 4, 3, 4)), np.zeros(4)])
    ink.set_weights([np.broadcast_to(of_ink / pixels, (32, 4, 1, 4)), np.array([0, 0, 0, GAIN])])
    samples = [bars(text, left=0) for text in ("rgb rgbb", "rgrgrgbb", "        ")]
    with tempfile.TemporaryDirectory() as folder:
        signature = {x.name: tf.TensorSpec(x.shape, tf.float32, name=x.name) for x in model.inputs}
        model.export(folder, format="tf_saved_model", verbose=False, input_signature=[signature])
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            {"rgb": rgb[None].astype(np.float32), "binary": binary[None].astype(np.float32)}
            for rgb, binary in samples
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        FILE.write_bytes(converter.convert())


if __name__ == "__main__":
    _write_network()
