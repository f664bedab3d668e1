"""``npz:``: ``images`` (N, H, W[, 1 or 3]) and ``labels`` (N,), optionally ``splits`` and ``groups`` (N,)."""

import zipfile
import zlib
from collections.abc import Sequence

import numpy as np

from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train.datasets.base import Dataset, Sample, Skipped, Spec, first_line

ARRAYS = ("images", "labels", "splits", "groups")


def load(spec: Spec, labels: Sequence[str]) -> Dataset:
    """Load a NumPy archive; see ``ocr_train.datasets.load``."""
    source_labels = spec.source_labels
    index_of = {text: index for index, text in enumerate(labels)}
    try:
        with np.load(spec.path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in ARRAYS if name in archive.files}
    except (
        OSError,
        ValueError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        AttributeError,
        TypeError,
    ) as error:
        # AttributeError or TypeError: a plain .npy array is no archive.
        raise ConfigError(f"{spec.path}: not a readable .npz archive ({first_line(error)})") from error
    if missing := {"images", "labels"} - set(arrays):
        raise ConfigError(f"{spec.path}: lacks the array {', '.join(sorted(missing))}")
    images, indices = arrays["images"], arrays["labels"]
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[3] not in (1, 3) or images.dtype != np.uint8 or 0 in images.shape[1:]:
        raise ConfigError(
            f"{spec.path}: images are {images.dtype} {images.shape}, expected uint8 (N, H, W[, 1 or 3])"
        )
    if indices.shape != (len(images),) or not np.issubdtype(indices.dtype, np.integer):
        raise ConfigError(
            f"{spec.path}: labels are {indices.dtype} {indices.shape}, expected ({len(images)},) integers"
        )
    splits = arrays.get("splits", np.full(len(images), "train")).astype(str)
    groups = arrays.get("groups", np.full(len(images), "")).astype(str)
    for name, array in (("splits", splits), ("groups", groups)):
        if array.shape != (len(images),):
            raise ConfigError(f"{spec.path}: {name} has the shape {array.shape}, expected ({len(images)},)")
    samples, skipped = [], Skipped(spec.path)
    for position, (image, index) in enumerate(zip(images, indices.tolist(), strict=True)):
        if not 0 <= index < len(source_labels):
            skipped.add(f"label is not an index below {len(source_labels)}", f"row {position}: {index}")
        elif source_labels[index] not in index_of:
            skipped.add("class is not among the labels", f"row {position}: {source_labels[index]!r}")
        else:
            rgb = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
            glyph, label = Glyph(np.ascontiguousarray(rgb)), index_of[source_labels[index]]
            split, group = str(splits[position]), str(groups[position])
            samples.append(Sample(glyph, label, split, group, file=str(position)))
    skipped.report()
    return Dataset(spec.name, samples)
