"""A hash of what a data set really holds, for the record of a run."""

import hashlib

from ocr_train.datasets import Dataset


def fingerprint(dataset: Dataset) -> str:
    """SHA-256 over the pixels, labels and groups of all samples, in order, hexadecimal."""
    digest = hashlib.sha256()
    for sample in dataset.samples:
        digest.update(f"{sample.label},{sample.split},{sample.group},{sample.glyph.rgb.shape};".encode())
        digest.update(sample.glyph.rgb.tobytes())
        if sample.glyph.binary is not None:
            digest.update(sample.glyph.binary.tobytes())
    return digest.hexdigest()
