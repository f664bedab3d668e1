"""``emnist:``: the official files of EMNIST (Cohen et al., IJCNN 2017), raw or gzipped.

``emnist:DIR`` where the folder holds one of the six data sets, ``emnist:DIR?name=byclass`` where it holds
several. ``train`` and ``test`` are the splits; the writers are not in the files. Characters are light ink
on black. In ``letters``, ``bymerge`` and ``balanced`` some or all lower-case letters carry the label of the
capital.
"""

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Glyph, Image
from ocr_edge.errors import ConfigError
from ocr_train.datasets.base import Dataset, Sample, Skipped, Spec

NAMES = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
"""The six data sets."""
SPLITS = ("train", "test")
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
_DIMENSIONS = {IMAGES: 3, LABELS: 1}
_MAGIC = 0x0800
"""First number of an idx file of bytes, to which the count of dimensions is added."""


def file_names(name: str) -> list[str]:
    """The five official files of a data set, without ``.gz``."""
    files = [f"emnist-{name}-{split}-{kind}" for split in SPLITS for kind in (IMAGES, LABELS)]
    return [*files, f"emnist-{name}-mapping.txt"]


def load(spec: Spec, labels: Sequence[str]) -> Dataset:
    """Load one of the data sets of a folder; see ``ocr_train.datasets.load``."""
    if "labels" in spec.options:
        raise ConfigError(f"{spec.path}: EMNIST brings its own mapping; leave out ?labels=")
    if spec.split and spec.split not in SPLITS:
        raise ConfigError(f"{spec.path}: EMNIST has the splits {' and '.join(SPLITS)}, not {spec.split!r}")
    name = _name(spec)
    mapping = _mapping(spec.path / f"emnist-{name}-mapping.txt")
    index_of = {text: index for index, text in enumerate(labels)}
    # One row for each value a label byte can have: -1 has no class, -2 has one that is not wanted.
    table = np.full(256, -1, np.int64)
    for number, text in mapping.items():
        table[number] = index_of.get(text, -2)
    samples: list[Sample] = []
    skipped = Skipped(spec.path)
    for split in (spec.split,) if spec.split else SPLITS:
        images, numbers = _split(spec.path, f"emnist-{name}-{split}")
        indices = table[numbers]
        for code, reason in ((-1, "label is not in the mapping"), (-2, "class is not among the labels")):
            for number, count in zip(*np.unique(numbers[indices == code], return_counts=True), strict=True):
                skipped.add(reason, f"{split}: {mapping.get(int(number), int(number))!r}", int(count))
        samples += [
            # A view with three equal channels: a third of the memory of a copy.
            Sample(
                Glyph(np.broadcast_to(images[row][..., None], (*images.shape[1:], 3))),
                int(indices[row]),
                split,
                file=f"{split}/{row}",
            )
            for row in np.flatnonzero(indices >= 0)
        ]
    skipped.report()
    return Dataset(spec.name, samples)


def _name(spec: Spec) -> str:
    """Which of the data sets is meant."""
    if not spec.path.is_dir():
        raise ConfigError(f"{spec.path}: not a folder; expected the one that holds the emnist-*-ubyte files")
    present = [n for n in NAMES if any(spec.path.glob(f"emnist-{n}-*"))]
    name = spec.options.get("name", present[0] if len(present) == 1 else "")
    if not present:
        raise ConfigError(
            f"{spec.path}: no EMNIST file found; expected {file_names('byclass')[0]}[.gz] and so on"
        )
    if name not in present:
        asked = f"{name!r} is not there" if name else "which one is meant?"
        raise ConfigError(
            f"{spec.path}: {asked} Found {', '.join(present)}; say for instance ?name={present[0]}"
        )
    return name


def _mapping(path: Path) -> dict[int, str]:
    """Text by label number: each row has the number and one character code, or that of the capital first."""
    try:
        rows = [
            [int(part) for part in line.split()]
            for line in path.read_text("ascii").splitlines()
            if line.strip()
        ]
        mapping = {row[0]: chr(row[1]) for row in rows}
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; it is part of EMNIST's official download") from error
    except (ValueError, IndexError, OverflowError) as error:
        raise ConfigError(
            f"{path}: expected rows such as '10 65', a label and a character code ({error})"
        ) from error
    if not mapping or not all(0 <= number <= 255 for number in mapping):
        raise ConfigError(f"{path}: expected labels of 0 to 255, found {sorted(mapping)[-1:] or 'no row'}")
    return mapping


def _split(folder: Path, stem: str) -> tuple[Image, npt.NDArray[np.uint8]]:
    """Upright characters, uint8 ``(N, H, W)``, and their label numbers, uint8 ``(N,)``."""
    images, numbers = _idx(folder, stem, IMAGES), _idx(folder, stem, LABELS)
    if len(images) != len(numbers):
        raise ConfigError(
            f"{folder}: {stem} has {len(images)} images but {len(numbers)} labels; download it again"
        )
    if 0 in images.shape[1:]:
        raise ConfigError(
            f"{folder}: {stem} has images of {images.shape[1]}x{images.shape[2]} pixels, expected 28x28"
        )
    return images.transpose(0, 2, 1), numbers  # stored column by column


def _idx(folder: Path, stem: str, kind: str) -> npt.NDArray[np.uint8]:
    """The array of an idx file, shape as its header says."""
    path = next((p for p in (folder / f"{stem}-{kind}", folder / f"{stem}-{kind}.gz") if p.is_file()), None)
    if path is None:
        raise ConfigError(
            f"{folder}: {stem}-{kind}[.gz] is missing; it is part of EMNIST's official download"
        )
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{path}: damaged or not readable ({error}); download it again") from error
    dimensions = _DIMENSIONS[kind]
    start = 4 * (1 + dimensions)
    if len(data) < start:
        raise ConfigError(f"{path}: {len(data)} bytes, expected a header of {start}; download it again")
    magic, *shape = np.frombuffer(data, ">u4", 1 + dimensions).tolist()
    if magic != _MAGIC + dimensions:
        raise ConfigError(
            f"{path}: starts with 0x{magic:08x}, expected 0x{_MAGIC + dimensions:08x}; not a {kind} file"
        )
    expected = int(np.prod(shape, dtype=object))  # object: a damaged header must not overflow
    if len(data) - start != expected:
        found = (
            f"{len(data) - start} bytes after the header, expected {expected} for {'x'.join(map(str, shape))}"
        )
        raise ConfigError(f"{path}: {found}; download it again")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
