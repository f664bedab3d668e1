"""Data sets from specs, folders and NumPy archives: what is read, what is skipped, what is refused."""

import io
from pathlib import Path

import numpy as np
import pytest
from tests.train.dataset_parts import labels_of, picture

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.errors import ConfigError
from ocr_train import datasets
from ocr_train.datasets import Spec


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
