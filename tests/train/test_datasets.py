"""Data sets from folders, tar archives and NumPy archives: what is read, what is skipped, what is refused."""

import csv
import io
import logging
import tarfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train import datasets
from ocr_train.datasets import Sample, Spec, tar


def picture(seed: int = 0, size: tuple[int, int] = (9, 6)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image[..., ::-1] if image.ndim == 3 else image)[1].tobytes()


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_tar(path: Path, rows: list[dict[str, str]], files: dict[str, bytes]) -> str:
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    with tarfile.open(path, "w") as archive:
        for name, data in {**files, "labels.csv": table.getvalue().encode()}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return f"tar:{path}"


def labels_of(dataset: datasets.Dataset) -> str:
    return "".join(DEFAULT[sample.label] for sample in dataset.samples)


# Specs.


def test_a_spec_says_kind_path_options_and_split() -> None:
    spec = Spec.parse("tar:some/crops.tar?labels=0-9a-zA-Z&note=good#validation")
    assert (spec.kind, spec.path, spec.split) == ("tar", Path("some/crops.tar"), "validation")
    assert spec.options == {"labels": "0-9a-zA-Z", "note": "good"}
    assert spec.name == "crops-good#validation"
    assert Spec.parse("npz:crops.npz").split == ""
    assert Spec.parse("emnist:data?name=letters#test").name == "data-letters#test"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("crops.tar", "expected KIND:PATH"),
        ("tar:", "expected KIND:PATH"),
        ("tar:crops.tar?colour=red", "unknown option 'colour'"),
        ("zip:crops.zip", "unknown kind 'zip'"),
        ("tar:/nowhere/crops.tar", "does not exist"),
    ],
)
def test_a_wrong_spec_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        datasets.load(text, DEFAULT)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["folder", "tar", "npz"])
def test_an_order_that_names_a_label_twice_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ConfigError, match="appear twice"):
        datasets.load(f"{kind}:{tmp_path}?labels=aab", DEFAULT)


# Tar archives.


def test_what_was_saved_is_loaded_again(tmp_path: Path) -> None:
    mask = np.where(picture(3)[..., :1] > 99, 255, 0).astype(np.uint8)
    saved = [
        Sample(Glyph(picture(1)), 0, "train", "writer 1", "good"),
        Sample(Glyph(picture(2, (1, 1))), 61, "validation", 'a "group", quoted', "bad\nnote"),
        Sample(Glyph(picture(3), mask), 10, "test"),
    ]
    path = tmp_path / "new" / "crops.tar"
    assert tar.save(path, saved) == 3
    loaded = datasets.load(f"tar:{path}", DEFAULT).samples
    for before, after in zip(saved, loaded, strict=True):
        assert np.array_equal(before.glyph.rgb, after.glyph.rgb)
        assert (before.label, before.split, before.group, before.note) == (
            after.label,
            after.split,
            after.group,
            after.note,
        )
    assert loaded[0].glyph.binary is None
    assert np.array_equal(loaded[2].glyph.binary, mask)
    assert not list(path.parent.glob("*.part"))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 61),
            st.sampled_from(["train", "validation", "test"]),
            st.text("aé,\"' \n7", max_size=5),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_label_split_and_group_survive_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("trip") / "crops.tar"
    tar.save(path, [Sample(Glyph(picture(7, (2, 3))), *row) for row in rows])
    assert [(s.label, s.split, s.group) for s in datasets.load(f"tar:{path}", DEFAULT).samples] == rows


def test_other_labels_than_the_usual_survive_a_round_trip(tmp_path: Path) -> None:
    labels = ("ä", "10", "5")
    tar.save(tmp_path / "x.tar", [Sample(Glyph(picture(i)), i) for i in (2, 0, 1)], labels)
    assert datasets.load(f"tar:{tmp_path / 'x.tar'}", labels).label_array().tolist() == [2, 0, 1]


def test_a_tar_without_split_in_the_spec_gives_every_row(tmp_path: Path) -> None:
    splits = ["train", "validation", "test", "train"]
    tar.save(tmp_path / "x.tar", [Sample(Glyph(picture(i)), i, split) for i, split in enumerate(splits)])
    assert len(datasets.load(f"tar:{tmp_path / 'x.tar'}", DEFAULT).samples) == 4
    train = datasets.load(f"tar:{tmp_path / 'x.tar'}#train", DEFAULT)
    assert (train.name, train.label_array().tolist()) == ("x#train", [0, 3])
    with pytest.raises(ConfigError, match="no row has the split 'held-back'; found test, train, validation"):
        datasets.load(f"tar:{tmp_path / 'x.tar'}#held-back", DEFAULT)


def test_a_note_selects_rows(tmp_path: Path) -> None:
    tar.save(
        tmp_path / "x.tar",
        [Sample(Glyph(picture(i)), i, note=note) for i, note in enumerate(["good", "bad", ""])],
    )
    assert labels_of(datasets.load(f"tar:{tmp_path / 'x.tar'}?note=good", DEFAULT)) == "0"
    assert labels_of(datasets.load(f"tar:{tmp_path / 'x.tar'}?note=", DEFAULT)) == "2"
    with pytest.raises(ConfigError, match="no usable sample"):
        datasets.load(f"tar:{tmp_path / 'x.tar'}?note=odd", DEFAULT)


@pytest.mark.parametrize(
    ("written", "order", "read"),
    [
        (["7", "a", "Q"], "", "7aQ"),
        (["0", "9", "5"], "", "095"),
        (["7", "10", "61"], "", "7Az"),
        (["7", "10", "61"], "?labels=0-9a-zA-Z", "7aZ"),
        (["0", "1", "10"], "?labels=xyzabcdefg7", "xy7"),
        (["0", "1"], "?labels=xyz", "xy"),
        (["0", "36"], "?labels=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0", "A0"),
    ],
)
def test_labels_are_texts_or_indices_in_the_given_order(
    tmp_path: Path, written: list[str], order: str, read: str
) -> None:
    rows = [{"file": "a.png", "label": text} for text in written]
    spec = write_tar(tmp_path / "x.tar", rows, {"a.png": png(picture())})
    assert labels_of(datasets.load(spec + order, DEFAULT)) == read


def test_rows_without_split_are_for_training(tmp_path: Path) -> None:
    spec = write_tar(tmp_path / "x.tar", [{"file": "a.png", "label": "A"}], {"a.png": png(picture())})
    assert labels_of(datasets.load(f"{spec}#train", DEFAULT)) == "A"


def test_useless_rows_are_skipped_counted_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = {
        "good.png": png(picture()),
        "text.png": b"no picture",
        "empty.png": b"",
        "cut.png": png(picture())[:40],
    }
    rows = [{"file": name, "label": "A", "split": "train"} for name in [*files, "absent.png"]]
    rows += [{"file": "good.png", "label": label, "split": "train"} for label in ("é", "99", "")]
    spec = write_tar(tmp_path / "x.tar", rows, files)
    assert labels_of(datasets.load(spec, DEFAULT)) == "A"
    said = caplog.text
    assert "skipped 3: not a picture (first: text.png)" in said
    assert "skipped 1: file is not in the archive (first: absent.png)" in said
    assert "skipped 3: label is not among the labels (first: good.png: 'é')" in said


def test_a_mask_of_another_size_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [{"file": "a.png", "label": "A", "binary": "b.png"}]
    files = {"a.png": png(picture()), "b.png": png(np.zeros((3, 3), np.uint8))}
    (sample,) = datasets.load(write_tar(tmp_path / "x.tar", rows, files), DEFAULT).samples
    assert sample.glyph.binary is None
    assert "binary has another size" in caplog.text


def test_an_archive_with_nothing_useful_is_refused(tmp_path: Path) -> None:
    spec = write_tar(tmp_path / "x.tar", [{"file": "a.png", "label": "A"}], {"a.png": b"junk"})
    with pytest.raises(ConfigError, match="no usable sample is left"):
        datasets.load(spec, DEFAULT)


def test_a_damaged_tar_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(b"this is no archive" * 99)
    with pytest.raises(ConfigError, match="not a readable tar archive") as caught:
        datasets.load(f"tar:{path}", DEFAULT)
    assert "\n" not in str(caught.value)
    tar.save(path, [Sample(Glyph(picture(1, (64, 64))), 0)])
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ConfigError, match="not a readable tar archive"):
        datasets.load(f"tar:{path}", DEFAULT)
    with pytest.raises(ConfigError, match=r"labels\.csv lacks the column label"):
        datasets.load(write_tar(path, [{"file": "a.png"}], {}), DEFAULT)
    with tarfile.open(path, "w"):
        pass
    with pytest.raises(ConfigError, match=r"labels\.csv is missing"):
        datasets.load(f"tar:{path}", DEFAULT)


# NumPy archives.


def test_npz_reads_grey_and_colour_and_keeps_splits_and_groups(tmp_path: Path) -> None:
    grey = np.arange(3 * 5 * 4, dtype=np.uint8).reshape(3, 5, 4)
    splits, groups = np.array(["train", "validation", "train"]), np.array([b"g1", b"g2", b"g1"])
    np.savez(tmp_path / "x.npz", images=grey, labels=[10, 35, 61], splits=splits, groups=groups)
    dataset = datasets.load(f"npz:{tmp_path / 'x.npz'}", DEFAULT)
    assert labels_of(dataset) == "AZz"
    assert [s.group for s in dataset.samples] == ["g1", "g2", "g1"]
    assert np.array_equal(dataset.samples[1].glyph.rgb, np.repeat(grey[1][..., None], 3, 2))
    assert labels_of(datasets.load(f"npz:{tmp_path / 'x.npz'}#validation", DEFAULT)) == "Z"
    assert labels_of(datasets.load(f"npz:{tmp_path / 'x.npz'}?labels=0-9a-zA-Z", DEFAULT)) == "azZ"
    colour = picture(2, (3 * 5, 4)).reshape(3, 5, 4, 3)
    np.savez(tmp_path / "c.npz", images=colour, labels=[0, 1, 2])
    assert np.array_equal(datasets.load(f"npz:{tmp_path / 'c.npz'}", DEFAULT).samples[2].glyph.rgb, colour[2])


def test_npz_skips_labels_outside_the_order(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((3, 5, 4), np.uint8), labels=[5, 62, -1])
    assert labels_of(datasets.load(f"npz:{tmp_path / 'x.npz'}", DEFAULT)) == "5"
    assert "skipped 2: label is not an index below 62 (first: row 1: 62)" in caplog.text


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"labels": np.zeros(2, int)}, "lacks the array images"),
        ({"images": np.zeros((2, 5, 4)), "labels": np.zeros(2, int)}, "expected uint8"),
        ({"images": np.zeros((2, 5, 4, 2), np.uint8), "labels": np.zeros(2, int)}, "expected uint8"),
        ({"images": np.zeros((2, 5, 4), np.uint8), "labels": np.zeros(3, int)}, r"expected \(2,\) integers"),
        ({"images": np.zeros((2, 5, 4), np.uint8), "labels": np.zeros(2)}, r"expected \(2,\) integers"),
        (
            {"images": np.zeros((2, 5, 4), np.uint8), "labels": np.zeros(2, int), "groups": np.array(["a"])},
            "groups has the shape",
        ),
        ({"images": np.zeros((0, 5, 4), np.uint8), "labels": np.zeros(0, int)}, "no usable sample"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], said: str) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(ConfigError, match=said):
        datasets.load(f"npz:{tmp_path / 'x.npz'}", DEFAULT)


def test_a_damaged_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, images=picture(1, (40, 30))[None], labels=np.zeros(1, int))
    whole = path.read_bytes()
    plain = io.BytesIO()
    np.save(plain, np.zeros(3))
    for damaged in (
        b"",
        b"junk",
        whole[: len(whole) // 2],
        whole[:200] + b"\xff" * 50 + whole[250:],
        plain.getvalue(),
    ):
        path.write_bytes(damaged)
        with pytest.raises(ConfigError, match=r"not a readable \.npz archive"):
            datasets.load(f"npz:{path}", DEFAULT)


# Folders.


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
