"""EMNIST's official files, in small: raw and gzipped, all six, upright, and refused when damaged."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from ocr_edge.contract.labels import DEFAULT, DIGITS, UPPER
from ocr_edge.contract.preprocess import preprocess
from ocr_edge.errors import ConfigError
from ocr_train import datasets
from ocr_train.datasets import emnist

BALANCED = DIGITS + UPPER + "abdefghnqrt"
MAPPINGS = {
    "byclass": [(number, ord(text)) for number, text in enumerate(DEFAULT)],
    "bymerge": [(number, ord(text)) for number, text in enumerate(BALANCED)],
    "balanced": [(number, ord(text)) for number, text in enumerate(BALANCED)],
    "letters": [(number, ord(text), ord(text.lower())) for number, text in enumerate(UPPER, 1)],
    "digits": [(number, ord(text)) for number, text in enumerate(DIGITS)],
    "mnist": [(number, ord(text)) for number, text in enumerate(DIGITS)],
}


def upright() -> np.ndarray:
    """An F: no rotation, reflection or transposition leaves it as it is."""
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 8:11] = 255
    image[4:7, 8:20] = 200
    image[12:15, 8:16] = 150
    return image


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()


def write(folder: Path, name: str, numbers: list[int], *, packed: bool = False) -> None:
    """A data set in the official form: images are stored column by column."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "test"):
        labels = np.array(numbers if split == "train" else numbers[:1], np.uint8)
        stored = np.repeat(upright().T[None], len(labels), 0)
        for kind, array in (("images-idx3-ubyte", stored), ("labels-idx1-ubyte", labels)):
            path = folder / f"emnist-{name}-{split}-{kind}"
            if packed:
                path.with_name(path.name + ".gz").write_bytes(gzip.compress(idx(array)))
            else:
                path.write_bytes(idx(array))
    rows = "\n".join(" ".join(map(str, row)) for row in MAPPINGS[name])
    (folder / f"emnist-{name}-mapping.txt").write_text(rows + "\n")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", emnist.NAMES)
def test_all_six_data_sets_are_read_raw_and_gzipped(tmp_path: Path, name: str, packed: bool) -> None:
    first, last = MAPPINGS[name][0], MAPPINGS[name][-1]
    write(tmp_path, name, [last[0], first[0]], packed=packed)
    dataset = datasets.load(f"emnist:{tmp_path}", DEFAULT)
    assert [DEFAULT[s.label] for s in dataset.samples] == [chr(last[1]), chr(first[1]), chr(last[1])]
    assert [s.split for s in dataset.samples] == ["train", "train", "test"]


def test_characters_stand_upright_and_are_light_on_dark(tmp_path: Path) -> None:
    write(tmp_path, "letters", [6])
    (sample,) = datasets.load(f"emnist:{tmp_path}#test", DEFAULT).samples
    rgb = sample.glyph.rgb
    assert (rgb.shape, rgb.dtype) == ((28, 28, 3), np.uint8)
    assert all(np.array_equal(rgb[..., channel], upright()) for channel in range(3))
    assert sample.glyph.polarity is None
    binary = preprocess(sample.glyph)[1]
    assert np.array_equal(binary[..., 0] > 0, upright() > 0)


def test_letters_of_both_cases_count_as_capitals(tmp_path: Path) -> None:
    write(tmp_path, "letters", [1, 26])
    assert [DEFAULT[s.label] for s in datasets.load(f"emnist:{tmp_path}#train", DEFAULT).samples] == [
        "A",
        "Z",
    ]


def test_one_of_several_data_sets_is_chosen_by_name(tmp_path: Path) -> None:
    write(tmp_path, "digits", [3])
    write(tmp_path, "byclass", [61])
    dataset = datasets.load(f"emnist:{tmp_path}?name=byclass#train", DEFAULT)
    assert [DEFAULT[s.label] for s in dataset.samples] == ["z"]
    assert dataset.name == f"{tmp_path.name}-byclass#train"
    with pytest.raises(
        ConfigError, match=r"which one is meant\? Found byclass, digits; say for instance \?name="
    ):
        datasets.load(f"emnist:{tmp_path}", DEFAULT)
    with pytest.raises(ConfigError, match="'letters' is not there"):
        datasets.load(f"emnist:{tmp_path}?name=letters", DEFAULT)


def test_one_split_needs_only_its_own_files(tmp_path: Path) -> None:
    write(tmp_path, "digits", [3])
    for path in tmp_path.glob("*-test-*"):
        path.unlink()
    assert len(datasets.load(f"emnist:{tmp_path}#train", DEFAULT).samples) == 1
    with pytest.raises(ConfigError, match=r"emnist-digits-test-images-idx3-ubyte\[\.gz\] is missing"):
        datasets.load(f"emnist:{tmp_path}", DEFAULT)


def test_unwanted_and_unknown_labels_are_skipped_counted_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, "byclass", [1, 61, 61, 60, 200])
    dataset = datasets.load(f"emnist:{tmp_path}#train", tuple("210"))
    assert dataset.label_array().tolist() == [1]
    assert "skipped 1: label is not in the mapping (first: train: 200)" in caplog.text
    assert "skipped 3: class is not among the labels (first: train: 'y')" in caplog.text
    with pytest.raises(ConfigError, match="no usable sample is left"):
        datasets.load(f"emnist:{tmp_path}", tuple("789"))


def test_what_makes_no_sense_for_emnist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no EMNIST file found; expected emnist-byclass-train-images"):
        datasets.load(f"emnist:{tmp_path}", DEFAULT)
    write(tmp_path, "digits", [3])
    with pytest.raises(ConfigError, match="has the splits train and test, not 'validation'"):
        datasets.load(f"emnist:{tmp_path}#validation", DEFAULT)
    with pytest.raises(ConfigError, match="leave out"):
        datasets.load(f"emnist:{tmp_path}?labels=0-9A-Za-z", DEFAULT)
    with pytest.raises(ConfigError, match="not a folder"):
        datasets.load(f"emnist:{tmp_path / 'emnist-digits-mapping.txt'}", DEFAULT)


IMAGES, LABELS = "emnist-digits-train-images-idx3-ubyte", "emnist-digits-train-labels-idx1-ubyte"
ONE = idx(upright()[None])


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        (IMAGES, b"", "0 bytes, expected a header of 16"),
        (IMAGES, ONE[:15], "15 bytes, expected a header of 16"),
        (IMAGES, ONE[:-1], "783 bytes after the header, expected 784 for 1x28x28"),
        (IMAGES, ONE + b"x", "785 bytes after the header, expected 784 for 1x28x28"),
        (IMAGES, struct.pack(">IIII", 0x0803, *[2**32 - 1] * 3), "0 bytes after the header, expected 79228"),
        (IMAGES, idx(np.zeros((1, 0, 28), np.uint8)), "images of .* pixels, expected 28x28"),
        (IMAGES, b"\x1f\x8b" + ONE, "starts with 0x1f8b0000, expected 0x00000803"),
        (IMAGES, idx(np.repeat(upright()[None], 2, 0)), "has 2 images but 1 labels"),
        (LABELS, idx(np.array([3, 4], np.uint8)), "has 1 images but 2 labels"),
        (LABELS, ONE, "starts with 0x00000803, expected 0x00000801"),
        ("emnist-digits-mapping.txt", b"", "expected labels of 0 to 255, found no row"),
        ("emnist-digits-mapping.txt", b"0\n", "expected rows such as '10 65'"),
        ("emnist-digits-mapping.txt", b"zero 48\n", "expected rows such as '10 65'"),
        ("emnist-digits-mapping.txt", b"\xff\xfe", "expected rows such as '10 65'"),
        ("emnist-digits-mapping.txt", b"300 48\n", r"expected labels of 0 to 255, found \[300\]"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, file: str, content: bytes, said: str) -> None:
    write(tmp_path, "digits", [3])
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ConfigError, match=said) as caught:
        datasets.load(f"emnist:{tmp_path}", DEFAULT)
    assert "\n" not in str(caught.value)
    assert "emnist-digits" in str(caught.value)


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: b"x" + data, lambda data: data[:20] + b"\xff" * 9]
)
def test_a_damaged_gzip_file_is_refused_in_one_line(tmp_path: Path, damage) -> None:
    write(tmp_path, "digits", [3, 4, 5], packed=True)
    path = tmp_path / f"{IMAGES}.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ConfigError, match=r"damaged or not readable .*; download it again"):
        datasets.load(f"emnist:{tmp_path}", DEFAULT)


def test_a_missing_mapping_is_named(tmp_path: Path) -> None:
    write(tmp_path, "digits", [3])
    (tmp_path / "emnist-digits-mapping.txt").unlink()
    with pytest.raises(ConfigError, match=r"emnist-digits-mapping\.txt: No such file"):
        datasets.load(f"emnist:{tmp_path}", DEFAULT)
