"""IIIT 5K-Word (Mishra et al., BMVC 2012): characters cut from words of scenes and screens, case-sensitive.

From https://cvit.iiit.ac.in/research/projects/cvit-projects/the-iiit-5k-word-dataset, unpacked.
"""

import logging
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from ocr_edge.contract import labels
from ocr_edge.contract.types import Glyph, Image
from ocr_edge.errors import ConfigError
from ocr_train.datasets import tar
from ocr_train.datasets.base import Sample, Skipped, decode_rgb, first_line
from ocr_train.prepare import bounded, split_of

_LOGGER = logging.getLogger(__name__)
MARGIN = 0.06
"""Ground left around a character, relative to the longer side of its box; at least one pixel."""
_EVERY = 500
"""Words between two lines of progress."""
_PARTS = {"train": "iiit5k_chars", "test": "iiit5k_chars_test"}
_INDEX_OF = {text: index for index, text in enumerate(labels.DEFAULT)}


def prepare(source: Path, out: Path) -> list[Path]:
    """Cut the characters out of the words and write them as ``tar:`` archives.

    Args:
        source: The unpacked download, with ``trainCharBound.mat``, ``testCharBound.mat``, ``train/`` and
            ``test/``, or the folder around it.
        out: Folder for ``iiit5k_chars.tar`` (splits ``train`` and ``validation``, of the official training
            half) and ``iiit5k_chars_test.tar`` (split ``test``, the official test half, apart so that it is
            never trained on unawares).

    Returns:
        The archives written. A group is a word picture.

    Raises:
        ConfigError: Wrong folder, an annotation file is damaged, or no character could be cut.
    """
    folders = [folder for folder in (source, source / "IIIT5K") if any(folder.glob("*CharBound.mat"))]
    if not folders:
        hint = "; unpack the download first" if any(source.glob("IIIT5K*.tar.gz")) else ""
        raise ConfigError(f"{source}: no trainCharBound.mat found, here or in IIIT5K/{hint}")
    written = []
    for half, name in _PARTS.items():
        annotations = folders[0] / f"{half}CharBound.mat"
        if not annotations.is_file():
            _LOGGER.info("%s: no %s, so no %s", folders[0], annotations.name, name)
            continue
        words = _words(annotations)
        path, skipped = out / f"{name}.tar", Skipped(annotations)
        count = tar.save(path, _samples(folders[0], words, half, skipped))
        skipped.report()
        if not count:
            path.unlink()
            raise ConfigError(
                f"{annotations}: none of its {len(words)} words could be cut; are {half}/*.png there?"
            )
        _LOGGER.info("%s: %d characters of %d words", path, count, len(words))
        written.append(path)
    return written


def _words(path: Path) -> list[dict[str, Any]]:
    """One record a word, with ``ImgName``, ``chars`` and ``charBoxes``."""
    try:
        content = loadmat(path, simplify_cells=True)
    except (OSError, ValueError, TypeError, KeyError, NotImplementedError, MatReadError, zlib.error) as error:
        raise ConfigError(
            f"{path}: not a readable MATLAB file ({first_line(error)}); download it again"
        ) from error
    words = content.get(path.stem)
    words = (
        [words] if isinstance(words, dict) else words
    )  # MATLAB does not tell one record from a list of one
    if words is None or not all(
        isinstance(w, dict) and {"ImgName", "chars", "charBoxes"} <= set(w) for w in words
    ):
        raise ConfigError(f"{path}: expected records {path.stem} with ImgName, chars and charBoxes")
    return list(words)


def _samples(folder: Path, words: list[dict[str, Any]], half: str, skipped: Skipped) -> Iterator[Sample]:
    """The characters of every word, in the order of the file."""
    for count, word in enumerate(words, 1):
        name, text = str(word["ImgName"]), str(word["chars"])
        boxes = np.asarray(word["charBoxes"], np.float64).reshape(-1, 4)
        path = folder / half / Path(name).name
        picture = decode_rgb(path.read_bytes()) if path.is_file() else None
        if picture is None:
            skipped.add("word picture is missing or not a picture", name)
        elif len(boxes) != len(text):
            skipped.add(
                "word has another number of boxes than characters", f"{name}: {len(boxes)} for {text!r}"
            )
        else:
            group = path.stem
            split = split_of(group) if half == "train" else "test"
            for character, box in zip(text, boxes, strict=True):
                crop = _cut(picture, box)
                if character not in _INDEX_OF:
                    skipped.add("character is not among the labels", f"{name}: {character!r}")
                elif crop is None:
                    skipped.add("box lies outside the picture", f"{name}: {box.tolist()}")
                else:
                    yield Sample(Glyph(bounded(crop)), _INDEX_OF[character], split, group)
        if count % _EVERY == 0:
            _LOGGER.info("%s: %d of %d words", _PARTS[half], count, len(words))


def _cut(picture: Image, box: np.ndarray) -> Image | None:
    """A box of ``left, top, width, height`` with a margin; None when it lies outside the picture."""
    if not np.isfinite(box).all() or min(box[2:]) < 1:
        return None
    margin = max(1, round(MARGIN * max(box[2:])))
    left, top = (round(v) - 1 for v in box[:2])  # MATLAB counts from 1
    right, bottom = left + round(box[2]), top + round(box[3])
    height, width = picture.shape[:2]
    if left >= width or top >= height or right <= 0 or bottom <= 0:
        return None
    return picture[max(top - margin, 0) : bottom + margin, max(left - margin, 0) : right + margin].copy()
