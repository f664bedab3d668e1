"""A bundle's self-test: the glyphs and strips that travel in it, run on this machine."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ocr_edge import bundle as bundles
from ocr_edge.bundle import Bundle, LineTest, SelfTest
from ocr_edge.contract.manifest import SELFTEST_NAME
from ocr_edge.contract.preprocess import LINE_HEIGHT
from ocr_edge.contract.types import Image
from ocr_edge.decode import ctc
from ocr_edge.errors import ModelError
from ocr_edge.lines import LineRecognizer
from ocr_edge.recognizer import Recognizer

TOLERANCE = 0.05
"""Share of glyphs, and of strips, that may be read differently: processors round a near tie one way or the other."""

MAX_BYTES = 2**26
"""Largest self-test, unpacked: 28,000 glyphs of 28x28."""


def prove(bundle: Bundle) -> tuple[int, int]:
    """Run a bundle's own glyphs and strips through its networks.

    Args:
        bundle: A loaded bundle.

    Returns:
        How many glyphs got their label and strips their text, and how many there are.

    Raises:
        ModelError: More than ``TOLERANCE`` of either were read otherwise, or there is no self-test that fits.
    """
    path = bundle.path / SELFTEST_NAME
    if path.is_file() and not zipfile.is_zipfile(path):
        raise ModelError(f"{path}: is not a NumPy archive")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_BYTES:
            raise ModelError(f"{path}: {size >> 20} MiB unpacked, at most {MAX_BYTES >> 20} MiB are taken")
        test = bundles.self_test(bundle)
    except FileNotFoundError as error:
        raise ModelError(
            f"{path}: a bundle without a self-test is not used; convert the model again"
        ) from error
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error
    found = []
    if bundle.manifest.characters:
        found.append(_glyphs(bundle, test))
    if test.lines is not None:
        found.append(_strips(bundle, test.lines))
    return sum(right for right, _ in found), sum(count for _, count in found)


def _glyphs(bundle: Bundle, test: SelfTest) -> tuple[int, int]:
    """How many glyphs are named as promised, and how many there are."""
    path = bundle.path / SELFTEST_NAME
    count = len(test.labels)
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


def _check_shape(path: Path, name: str, found: Image, shape: tuple[int, ...]) -> None:
    if 0 in shape or found.shape != shape or found.dtype != np.uint8:
        raise ModelError(f"{path}: {name} is {found.dtype} {found.shape}, expected uint8 {shape}")
