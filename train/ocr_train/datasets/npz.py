"""``npz:``: NumPy archives with ``images`` (N, H, W[, 1 or 3]) and ``labels`` (N,), optionally ``splits`` and ``groups``."""

import zipfile
from collections.abc import Sequence

import numpy as np

from ocr_edge.contract import labels as label_orders
from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train.datasets.base import Dataset, Sample, Skipped, Spec


def load(spec: Spec, labels: Sequence[str]) -> Dataset:
    """Load a NumPy archive; see ``ocr_train.datasets.load``."""
    source_labels = label_orders.parse(spec.options.get("labels", "0-9A-Za-z"))
    index_of = {text: index for index, text in enumerate(labels)}
    try:
        with np.load(spec.path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise ConfigError(f"{spec.path}: not a readable .npz archive ({error})") from error
    if missing := {"images", "labels"} - set(arrays):
        raise ConfigError(f"{spec.path}: lacks the array {', '.join(sorted(missing))}")
    images, indices = arrays["images"], arrays["labels"]
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[3] not in (1, 3) or images.dtype != np.uint8 or 0 in images.shape[1:]:
        raise ConfigError(f"{spec.path}: images are {images.dtype} {images.shape}, expected uint8 (N, H, W[, 1 or 3])")
    if indices.shape != (len(images),) or not np.issubdtype(indices.dtype, np.integer):
        raise ConfigError(f"{spec.path}: labels are {indices.dtype} {indices.shape}, expected ({len(images)},) integers")
    splits = arrays.get("splits", np.full(len(images), "train"))
    groups = arrays.get("groups", np.full(len(images), ""))
    samples, skipped = [], Skipped(spec.path)
    for position, (image, index) in enumerate(zip(images, indices.tolist(), strict=True)):
        if not 0 <= index < len(source_labels):
            skipped.add(f"label is not an index below {len(source_labels)}", f"row {position}: {index}")
        elif source_labels[index] not in index_of:
            skipped.add("class is not among the labels", f"row {position}: {source_labels[index]!r}")
        else:
            rgb = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
            glyph = Glyph(np.ascontiguousarray(rgb))
            samples.append(Sample(glyph, index_of[source_labels[index]], str(splits[position]), str(groups[position])))
    skipped.report()
    return Dataset(spec.name, samples)
