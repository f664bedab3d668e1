"""Data sets from folders: what is read, what is skipped, what is refused."""

import logging
import zlib
from pathlib import Path

import numpy as np
import pytest
from tests.train.dataset_parts import labels_of, picture, png, write

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.errors import ConfigError
from ocr_train import datasets


def test_folders_named_by_label_are_read_with_and_without_data_above(tmp_path: Path) -> None:
    for root in (tmp_path / "flat", tmp_path / "deep" / "data"):
        for text in "5aA":
            write(root / text / "1.png", png(picture()))
    assert sorted(labels_of(datasets.load(f"folder:{tmp_path / 'flat'}", DEFAULT))) == ["5", "A", "a"]
    assert sorted(labels_of(datasets.load(f"folder:{tmp_path / 'deep'}", DEFAULT))) == ["5", "A", "a"]


@pytest.mark.parametrize(("order", "read"), [("", "0Aaz"), ("?labels=0-9a-zA-Z", "0aAZ")])
@pytest.mark.parametrize("width", [1, 2])
def test_folders_named_by_index_follow_the_order_of_the_spec(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, order: str, read: str, width: int
) -> None:
    for index in (0, 10, 36, 61):
        write(tmp_path / "data" / f"{index:0{width}d}" / "1.png", png(picture(index)))
    (tmp_path / "data" / ".hidden").mkdir()
    with caplog.at_level(logging.INFO):
        assert labels_of(datasets.load(f"folder:{tmp_path}{order}", DEFAULT)) == read
    assert f"indices in the order {order.removeprefix('?labels=') or '0-9A-Za-z'}" in caplog.text


def test_the_binary_form_is_taken_where_there_is_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mask = np.where(picture(9)[..., 0] > 99, 200, 3).astype(np.uint8)
    for name in ("with", "without", "wrong size", "damaged"):
        write(tmp_path / "data" / "A" / f"{name}.png", png(picture()))
    write(tmp_path / "data-bin" / "A" / "with.png", png(mask))
    write(tmp_path / "data-bin" / "A" / "wrong size.png", png(mask[:4]))
    write(tmp_path / "data-bin" / "A" / "damaged.png", b"junk")
    samples = datasets.load(f"folder:{tmp_path}", DEFAULT).samples  # in the order of their names
    assert [s.glyph.binary is not None for s in samples] == [False, True, False, False]
    assert np.array_equal(samples[1].glyph.binary[..., 0], np.where(mask > 128, 255, 0))
    assert "skipped 1: binary has another size and was left out (first: data/A/wrong size.png)" in caplog.text


def test_useless_files_in_folders_are_skipped_counted_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "A" / "good.png", png(picture()))
    write(tmp_path / "A" / "big.png", png(np.zeros((4, 2000, 3), np.uint8)))
    write(tmp_path / "A" / "corrupt.png", png(picture())[:30])
    write(tmp_path / "A" / "empty.png", b"")
    write(tmp_path / "A" / "notes.txt", b"by hand")
    write(tmp_path / "extra" / "x.png", png(picture()))
    samples = datasets.load(f"folder:{tmp_path}", DEFAULT).samples
    assert [s.glyph.rgb.shape[:2] for s in samples] == [(1, 512), (9, 6)]
    assert "skipped 3: not a picture (first: A/corrupt.png)" in caplog.text
    assert "skipped 1: class folder is not among the labels (first: extra)" in caplog.text


def test_a_folder_with_nothing_useful_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "A" / "corrupt.png", b"junk")
    with pytest.raises(ConfigError, match="no usable sample is left"):
        datasets.load(f"folder:{tmp_path}", DEFAULT)
    with pytest.raises(ConfigError, match="not a folder"):
        datasets.load(f"folder:{tmp_path / 'A' / 'corrupt.png'}", DEFAULT)


def test_the_validation_split_of_a_folder_is_stable_and_about_an_eighth(tmp_path: Path) -> None:
    for index in range(160):
        write(tmp_path / "A" / f"{index:03d}.png", png(picture(index, (1, 1))))
    validation = datasets.load(f"folder:{tmp_path}#validation", DEFAULT)
    train = datasets.load(f"folder:{tmp_path}#train", DEFAULT)
    assert len(validation.samples) + len(train.samples) == 160
    assert 8 <= len(validation.samples) <= 36
    assert len(validation.samples) == sum(zlib.crc32(f"{i:03d}".encode()) % 8 == 0 for i in range(160))
