"""Converts a detector: one int8 network for all sizes, verified with the device's own code."""

import logging
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from ocr_convert import quantize
from ocr_convert.fold import fold, macs
from ocr_convert.trained import Converted, Refused, Trained
from ocr_edge.contract.stage import Stage
from ocr_edge.contract.types import Image
from ocr_edge.detect.network import text_map
from ocr_edge.detect.quads import THRESHOLD
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.interpreter import Sides
from ocr_train.scenes.boxed import SceneSet, seen
from ocr_train.scenes.evaluate import LONGEST, SceneResult, device_finder, each, finder

_LOGGER = logging.getLogger(__name__)
SIDES = (160, 320, 480)
"""Accepted heights and widths; larger pictures are looked at in tiles of the largest. Whole looks of up to 960x1280
pixels found less (F on the validation scenes: ``icdar2015_scenes`` 46.1 against 47.3, ``sroie_pages`` 90.2 against
90.3 %), and the network for them took 57 MiB; for 480x480 it takes 11. Tiles of 320 to 640 found 45.9 to 47.4 %."""
SIZE = (480, 640)
"""Height and width of the picture whose multiply-adds are named."""
CALIBRATION_SIDE, CALIBRATION_SCENES = 320, 480
"""Side and number of the representative pieces of scenes. With 160, int8 lost 1.0 and 1.4 points of F (two draws, 85
scenes), with 480 it lost 0.5."""
MAX_LOSS = 0.01
"""Most of F, a share of 1, that int8 may lose beside the float network."""
SELFTEST_SCENES = 3
"""Pictures that travel in a bundle."""
TRIED = 120
"""Pictures drawn, of which the clearest are taken."""
SURE, NEAR = 0.05, 0.1
"""How near to the threshold, in probability, no more than such a share of a picture's cells of text may lie: another
processor might round them the other way. None at all is not to be had: the cells at a text's edge have any share."""
FEWEST_CELLS = 40
"""Cells of text that a picture needs."""


def convert(trained: Trained, calibration: Sequence[SceneSet], held_out: Sequence[SceneSet]) -> Converted:
    """Convert and verify a detector.

    Args:
        trained: The network and its record.
        calibration: Scenes that representative pieces are cut from.
        held_out: Scenes never trained on, which compare and are reported.

    Returns:
        The stage, ready to be put into a bundle.

    Raises:
        Refused: Int8 finds less by more than ``MAX_LOSS``.
        ConfigError: There are no scenes of either kind, or the network cannot be converted.
    """
    if not any(scenes.scenes for scenes in held_out):
        raise ConfigError("no scene to verify with")
    _LOGGER.info("converting %s", trained.architecture)
    content = quantize.convert_folded(fold_detector(trained.model, SIZE), pieces(calibration))
    _LOGGER.info("verifying on %d scenes", sum(len(scenes.scenes) for scenes in held_out))
    before = list(each(finder(trained.model, LONGEST), held_out))
    after = device_results(content, held_out)
    loss = pooled(before) - pooled(after)
    if not loss <= MAX_LOSS:
        raise Refused(
            f"{trained.architecture}: int8 has F {100 * pooled(after):.2f} %, float {100 * pooled(before):.2f} %:"
            f" at most {100 * MAX_LOSS:g} points may be lost; nothing was written"
        )
    stage = Stage(
        kind="detect",
        file=f"detect-{trained.architecture}.tflite",
        sha256="",
        architecture=trained.architecture,
        parameters=trained.model.count_params(),
        macs=macs(fold_detector(trained.model, SIZE)),
        quantization="int8",
        inputs={"rgb": (0, 0, 3)},
        sides=SIDES,
    )
    measured = {
        "n": sum(result.n for result in after),
        "longest": LONGEST,
        "float_f": round(pooled(before), 5),
        "converted_f": round(pooled(after), 5),
        "sources": [
            {**result.as_dict(), "float_f": round(reference.counts.f, 5)}
            for result, reference in zip(after, before, strict=True)
        ],
    }
    return Converted(stage, content, measured)


def fold_detector(model: keras.Model, size: tuple[int, int]) -> keras.Model:
    """A detector folded for conversion, which can be resized on the device.

    Args:
        model: Its maps are enlarged by ``UpSampling2D``, which the converter would tie to one size.
        size: Height and width of the picture.
    """
    return fold(model, size[1], size[0], {layers.UpSampling2D: Doubled})


class Doubled(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Every cell of a map four times, as a square of two by two: for any size, where a resizing knows only one."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """(B, H, W, C) to (B, 2 H, 2 W, C)."""
        import tensorflow as tf  # noqa: PLC0415 - conversion alone needs it

        return tf.nn.depth_to_space(keras.ops.concatenate([x] * 4, axis=-1), 2)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Both sides twice as long."""
        return (shape[0], *(side and 2 * side for side in shape[1:3]), shape[3])


def pieces(sets: Sequence[SceneSet], seed: int = 1) -> dict[str, Image]:
    """Representative pieces of scenes, the same number from each set.

    Returns:
        ``rgb`` uint8 (N, side, side, 3), with a white and a black one, so that the input quantizes to (1.0, -128).

    Raises:
        ConfigError: There are no scenes.
    """
    full = [scenes for scenes in sets if scenes.scenes]
    if not full:
        raise ConfigError("no scene to calibrate with")
    rng = random.Random(seed)
    count = -(-CALIBRATION_SCENES // len(full))
    drawn = [seen(rng, rng.choice(s.scenes), CALIBRATION_SIDE).image for s in full for _ in range(count)]
    filled = [np.tile(image, (2, 2, 1))[: SIZE[0], : SIZE[1]] for image in drawn]
    blank = np.zeros((*SIZE, 3), np.uint8)
    return {"rgb": np.stack([*filled, blank, blank + 255])}


def device_results(content: bytes, sets: Sequence[SceneSet]) -> list[SceneResult]:
    """What the device's own code finds with a converted network."""
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(content)
        file.flush()
        return list(each(device_finder(Sides(Path(file.name), SIDES)), sets))


def pooled(results: Sequence[SceneResult]) -> float:
    """Mean F of the sets, each counting as one."""
    return float(np.mean([result.counts.f for result in results]))


def selftest(networks: Sides, seed: int = 1) -> dict[str, npt.NDArray[Any]]:
    """Drawn pictures whose text the detector sees clearly, with the cells in which it does.

    Returns:
        The arrays ``scene_rgb`` and ``scene_text`` of ``selftest.npz``.

    Raises:
        ConfigError: It sees no drawn text clearly, so no bundle could be proven on a device.
    """
    from ocr_train.scenes.compose import Composer  # noqa: PLC0415 - draws, which a conversion alone does not
    from ocr_train.scenes.writing import Writer  # noqa: PLC0415
    from ocr_train.strips.feed import renderer_of  # noqa: PLC0415

    composer = Composer(Writer.of(renderer_of((), 0.0, (), "", "")))
    rng = random.Random(seed)
    found: list[tuple[float, int, Image, npt.NDArray[np.bool_]]] = []
    for _ in range(TRIED):
        scene = composer.draw(rng, (CALIBRATION_SIDE, CALIBRATION_SIDE))
        text = text_map(networks, scene.image)
        is_text = text >= THRESHOLD
        near = float((np.abs(text - THRESHOLD) < SURE).sum()) / max(int(is_text.sum()), 1)
        if len(scene.quads) and is_text.sum() >= FEWEST_CELLS and near <= NEAR:
            found.append((near, len(found), scene.image, is_text))
    kept = [(rgb, text) for _, _, rgb, text in sorted(found, key=lambda entry: entry[:2])[:SELFTEST_SCENES]]
    if not kept:
        raise ConfigError(
            f"the detector sees none of {TRIED} drawn texts clearly, so no bundle could be proven on a device; train"
            " longer"
        )
    return {
        "scene_rgb": np.stack([rgb for rgb, _ in kept]),
        "scene_text": np.stack([text for _, text in kept]),
    }
