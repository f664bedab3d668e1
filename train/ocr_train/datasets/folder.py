"""``folder:``: the original project's layout, one folder of pictures a class.

``PATH/data/<class>/*.png`` with ``PATH/data-bin/<class>/`` of the same names (optional: the binary form is
derived where it is missing); ``PATH/<class>/*.png`` works too. A class folder is named by its label, or by
its index in the order that ``?labels=ORDER`` gives, or by its code point: ``U+002E`` is ``.`` and ``U+002F`` is ``/``,
which no folder can be named, and ``U+0061`` is ``a`` on a disk that does not tell it from ``A``. Every eighth picture
of a class, by a hash of its name, is the validation split.
"""

import logging
import zlib
from collections.abc import Sequence
from pathlib import Path

from ocr_edge.contract.types import Glyph, Image
from ocr_edge.errors import ConfigError
from ocr_train.datasets.base import Dataset, Sample, Skipped, Spec, class_texts, decode_binary, decode_rgb

_LOGGER = logging.getLogger(__name__)
VALIDATION_EVERY = 8


def load(spec: Spec, labels: Sequence[str]) -> Dataset:
    """Load a folder of class folders; see ``ocr_train.datasets.load``."""
    if not spec.path.is_dir():
        raise ConfigError(f"{spec.path}: not a folder")
    order, source = spec.options.get("labels", "0-9A-Za-z"), spec.source_labels
    folders = class_folders(spec.path)
    texts, by_index = class_texts([folder.name for folder in folders], source, labels)
    _LOGGER.info(
        "%s: class folders are %s",
        spec.path,
        f"indices in the order {order}" if by_index else "named by label",
    )
    index_of = {text: index for index, text in enumerate(labels)}
    samples, skipped = [], Skipped(spec.path)
    for folder in folders:
        text = texts[folder.name]
        if text not in index_of:
            skipped.add("class folder is not among the labels", folder.name)
            continue
        for path in sorted(path for path in folder.iterdir() if path.is_file()):
            rgb = decode_rgb(path.read_bytes())
            if rgb is None:
                skipped.add("not a picture", str(path.relative_to(spec.path)))
                continue
            mask = _mask(spec.path / "data-bin" / folder.name / path.name)
            if mask is not None and mask.shape[:2] != rgb.shape[:2]:
                skipped.add("binary has another size and was left out", str(path.relative_to(spec.path)))
                mask = None
            file = f"{folder.name}/{path.name}"
            samples.append(Sample(Glyph(rgb, mask), index_of[text], split_of(path.stem), file=file))
    skipped.report()
    return Dataset(spec.name, samples)


def class_folders(path: Path) -> list[Path]:
    """The folders of a data set's classes, in order.

    Raises:
        ConfigError: There is none.
    """
    root = path / "data" if (path / "data").is_dir() else path
    found = sorted(each for each in root.iterdir() if each.is_dir() and not each.name.startswith("."))
    if not found:
        files = sum(each.is_file() for each in root.iterdir())
        raise ConfigError(
            f"{root}: holds {files} files and no folder of a class; put the pictures of each character into a folder"
            f" of its name, such as {root.name}/A/1.png, or, where each shows a whole line, name them after their text"
            f" and say words:{path}"
        )
    return found


def split_of(name: str) -> str:
    """``train`` or ``validation``; a function of a picture's name alone."""
    return "train" if zlib.crc32(name.encode()) % VALIDATION_EVERY else "validation"


def _mask(path: Path) -> Image | None:
    return decode_binary(path.read_bytes()) if path.is_file() else None
