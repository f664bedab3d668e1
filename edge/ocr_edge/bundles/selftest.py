"""A bundle's self-test: the glyphs and strips that travel in it, run on this machine."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.load import Bundle, LineTest, SceneTest, SelfTest
from ocr_edge.contract.files import SELFTEST_NAME
from ocr_edge.contract.preprocess import LINE_HEIGHT
from ocr_edge.contract.types import Image
from ocr_edge.decode import ctc
from ocr_edge.detect.network import text_map
from ocr_edge.detect.quads import CELL, THRESHOLD
from ocr_edge.errors import ModelError
from ocr_edge.recognize.characters import Recognizer, run
from ocr_edge.recognize.lines import LineRecognizer, strip_logits

TOLERANCE = 0.05
"""Share of glyphs, of strips and of the cells of text in pictures that may be seen differently: processors round a near
tie one way or the other."""


def prove(bundle: Bundle) -> tuple[int, int]:
    """Run a bundle's own glyphs and strips through its networks.

    Args:
        bundle: A loaded bundle.

    Returns:
        How many glyphs got their label and strips their text, and how many there are.

    Raises:
        ModelError: More than ``TOLERANCE`` of either were read otherwise, or there is no self-test that fits.
    """
    test = bundles.self_test(bundle)
    found = []
    if bundle.manifest.characters:
        found.append(_glyphs(bundle, test))
    if test.lines is not None:
        found.append(_strips(bundle, test.lines))
    if test.scenes is not None:
        found.append(_scenes(bundle, test.scenes))
    return sum(right for right, _ in found), sum(count for _, count in found)


def exercise(bundle: Bundle) -> None:
    """Run every network at every width on noise and on blank paper: none may fail on what the self-test lacks.

    Raises:
        ModelError: One fails.
    """
    noise = np.random.default_rng(1)

    def pictures(shape: tuple[int, ...]) -> Iterator[Image]:
        yield noise.integers(0, 256, shape, np.uint8)
        yield np.full(shape, 255, np.uint8)

    for stage, network in zip(bundle.manifest.characters, bundle.networks, strict=True):
        for rgb, binary in zip(pictures(stage.inputs["rgb"]), pictures(stage.inputs["binary"]), strict=True):
            run(network, rgb, binary)
    for widths in bundle.lines:
        for width in widths.widths:
            for rgb, binary in zip(
                pictures((LINE_HEIGHT, width, 3)), pictures((LINE_HEIGHT, width, 1)), strict=True
            ):
                strip_logits(widths, rgb, binary)
    for sides in bundle.detectors:
        for side in (sides.sides[0], sides.sides[-1]):
            for rgb in pictures((side, side, 3)):
                text_map(sides, rgb)


def _glyphs(bundle: Bundle, test: SelfTest) -> tuple[int, int]:
    """How many glyphs are named as promised, and how many there are."""
    path = bundle.path / SELFTEST_NAME
    labels = test.labels
    whole = labels.ndim == 1 and np.issubdtype(labels.dtype, np.integer)
    said = len(bundle.manifest.characters[0].texts)
    if not whole or (len(labels) and not 0 <= labels.min() <= labels.max() < said):
        raise ModelError(f"{path}: labels: expected a row of whole numbers from 0 to {said - 1}")
    count = len(labels)
    for name, shape in bundle.manifest.characters[0].inputs.items():
        _check_shape(path, name, test.inputs[name], (count, *shape))
    scores = Recognizer(bundle).recognize_inputs(list(test.inputs["rgb"]), list(test.inputs["binary"]))
    right = int((scores.argmax(axis=1) == test.labels).sum())
    if count - right > count * TOLERANCE:
        raise ModelError(
            f"bundle {bundle.path}: self-test failed: {count - right} of {count} glyphs got another label than the"
            " bundle promises; run: ocr-edge doctor"
        )
    return right, count


def _strips(bundle: Bundle, test: LineTest) -> tuple[int, int]:
    """How many strips are read as promised, and how many there are."""
    path = bundle.path / SELFTEST_NAME
    count, width = len(test.texts), test.rgb.shape[2] if test.rgb.ndim == 4 else 0
    for name, images, channels in (("line_rgb", test.rgb, 3), ("line_binary", test.binary, 1)):
        _check_shape(path, name, images, (count, LINE_HEIGHT, width, channels))
    widths = test.widths
    whole = widths.shape == (count,) and np.issubdtype(widths.dtype, np.integer)
    if not whole or widths.min() < 1 or widths.max() > width:
        raise ModelError(f"{path}: line_widths: expected {count} whole numbers from 1 to {width}")
    recognizer = LineRecognizer(bundle)
    right = 0
    for rgb, binary, own, text in zip(test.rgb, test.binary, widths.tolist(), test.texts, strict=True):
        posteriors = recognizer.recognize_strip(rgb[:, :own], binary[:, :own])
        found, _ = ctc.greedy(posteriors.scores)
        right += "".join(recognizer.labels[index] for index in found) == text
    if count - right > count * TOLERANCE:
        raise ModelError(
            f"bundle {bundle.path}: self-test failed: {count - right} of {count} lines got another text than the"
            " bundle promises; run: ocr-edge doctor"
        )
    return right, count


def _scenes(bundle: Bundle, test: SceneTest) -> tuple[int, int]:
    """How many scenes are seen as promised, and how many there are: all, or the bundle is refused."""
    path = bundle.path / SELFTEST_NAME
    count, height, width = test.rgb.shape[:3] if test.rgb.ndim == 4 else (0, 0, 0)
    _check_shape(path, "scene_rgb", test.rgb, (count, height, width, 3))
    shape = (count, height // CELL, width // CELL)
    if test.text.shape != shape or test.text.dtype != np.bool_ or not test.text.any():
        raise ModelError(f"{path}: scene_text is {test.text.dtype} {test.text.shape}, expected bool {shape}")
    (detector,) = bundle.detectors
    if max(height, width) > detector.sides[-1]:
        raise ModelError(
            f"{path}: scene_rgb has {height}x{width} pixels, the largest side is {detector.sides[-1]}"
        )
    seen = np.stack([text_map(detector, rgb) >= THRESHOLD for rgb in test.rgb])
    right, either = int((seen & test.text).sum()), int((seen | test.text).sum())
    if either - right > either * TOLERANCE:
        raise ModelError(
            f"bundle {bundle.path}: self-test failed: {either - right} of {either} cells of text are seen otherwise"
            " than the bundle promises; run: ocr-edge doctor"
        )
    return count, count


def _check_shape(path: Path, name: str, found: Image, shape: tuple[int, ...]) -> None:
    if 0 in shape or found.shape != shape or found.dtype != np.uint8:
        raise ModelError(f"{path}: {name} is {found.dtype} {found.shape}, expected uint8 {shape}")
