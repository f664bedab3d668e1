"""Data sets from tar archives: what is read, what is skipped, what is refused."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.train.dataset_parts import labels_of, picture, png, write_tar

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train import datasets
from ocr_train.datasets import Sample, tar


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
