"""A bundle's self-test: the glyphs that travel in it, run on this machine."""

import zipfile
import zlib

import numpy as np

from ocr_edge import bundle as bundles
from ocr_edge.bundle import Bundle
from ocr_edge.contract.manifest import SELFTEST_NAME
from ocr_edge.errors import ModelError
from ocr_edge.recognizer import Recognizer

TOLERANCE = 0.05
"""Share of the glyphs that may be named differently: processors round a near tie one way or the other."""

MAX_BYTES = 2**26
"""Largest self-test, unpacked: 28,000 glyphs of 28x28."""


def prove(bundle: Bundle) -> tuple[int, int]:
    """Run a bundle's own glyphs through its networks.

    Args:
        bundle: A loaded bundle.

    Returns:
        How many glyphs got their label, and how many there are.

    Raises:
        ModelError: More than ``TOLERANCE`` of them got another label, or there is no self-test that fits.
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
    count = len(test.labels)
    for name, shape in bundle.manifest.inputs.items():
        found = test.inputs[name]
        if not count or found.shape != (count, *shape) or found.dtype != np.uint8:
            raise ModelError(
                f"{path}: {name} is {found.dtype} {found.shape}, expected uint8 {(count, *shape)}"
            )
    scores = Recognizer(bundle).recognize_inputs(list(test.inputs["rgb"]), list(test.inputs["binary"]))
    right = int((scores.argmax(axis=1) == test.labels).sum())
    if count - right > count * TOLERANCE:
        raise ModelError(
            f"bundle {bundle.path}: self-test failed: {count - right} of {count} glyphs got another label than the"
            " bundle promises; run: ocr-edge doctor"
        )
    return right, count
