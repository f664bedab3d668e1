"""Mislabelled training crops: which are found, how they are listed, and how a list keeps them out of training."""

import csv
import logging
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train import datasets, suspects
from ocr_train.cli import main
from ocr_train.datasets import Dataset, Sample, tar
from ocr_train.recipe import Recipe, Source
from ocr_train.record import run_record
from ocr_train.sources import load_splits

LABELS = ("0", "3", "c", "C", "o", "reject")
BAND = 4
"""Each label is drawn as a bar of so many rows, the first at the top."""


def crop(label: str, *, drawn: str = "", split: str = "train", file: str = "", note: str = "") -> Sample:
    """A crop with the bar of what is drawn on it, which is another label than the given one where it is wrong."""
    binary = np.zeros((28, 28, 1), np.uint8)
    top = BAND * LABELS.index(drawn or label)
    binary[top : top + BAND] = 255
    glyph = Glyph(np.repeat(binary, 3, axis=2), binary)
    return Sample(glyph, LABELS.index(label), split, "", note, file)


def scores(samples: list[Sample]) -> np.ndarray:
    """Log-probabilities of someone who sees what is drawn, and is 0.95 sure of it."""
    bars = [int(np.argmax(sample.glyph.binary[::BAND, 0, 0])) for sample in samples]
    sure = np.eye(len(LABELS), dtype=bool)[bars]
    return np.log(np.where(sure, 0.95, 0.05 / (len(LABELS) - 1))).astype(np.float32)


def found(*samples: Sample, below: float = 0.05, above: float = 0.8) -> list[suspects.Suspect]:
    rows = list(samples)
    return suspects.find("crops.tar", Dataset("crops", rows), scores(rows), LABELS, below=below, above=above)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that reads the bars, no training needed."""
    rgb, binary = keras.Input((28, 28, 3), name="rgb"), keras.Input((28, 28, 1), name="binary")
    bars = keras.layers.Flatten()(keras.layers.AveragePooling2D((BAND, 28))(binary))
    unused = keras.layers.Flatten()(keras.layers.AveragePooling2D(28)(rgb))
    dense = keras.layers.Dense(len(LABELS))
    outputs = dense(keras.layers.Concatenate()([bars, unused]))
    dense.set_weights([np.eye(10, len(LABELS)) / 25, np.zeros(len(LABELS))])
    path = tmp_path_factory.mktemp("run") / "model.keras"
    keras.Model([rgb, binary], outputs).save(path)
    path.with_name("run.json").write_text('{"labels": ["0", "3", "c", "C", "o", "reject"]}')
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Forty right crops, two wrong ones for training and a wrong one to validate with."""
    right = [crop(label, split=split) for label in LABELS[:5] for split in ("train", "validation") * 4]
    wrong = [crop("3", drawn="o", note="bad"), crop("c", drawn="3"), crop("3", drawn="o", split="validation")]
    tar.save(tmp_path / "crops.tar", right + wrong, LABELS)
    return tmp_path / "crops.tar"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# Finding.


def test_a_crop_that_clearly_shows_another_character_is_a_suspect_with_both_names() -> None:
    (one,) = found(crop("3", drawn="o", file="a.png"), crop("3"), crop("o"))
    assert (one.data, one.sample.file, one.label, one.likelier) == ("crops.tar", "a.png", "3", "o")
    assert one.p_label == pytest.approx(0.01)
    assert one.p_likelier == pytest.approx(0.96)  # with 0, which has the same shape


def test_labels_of_one_shape_are_no_reason_for_suspicion() -> None:
    assert found(crop("c", drawn="C"), crop("0", drawn="o")) == []


@pytest.mark.parametrize("split", ["validation", "test", ""])
def test_only_training_crops_are_ever_suspects(split: str) -> None:
    assert found(crop("3", drawn="o", split=split)) == []


def test_what_is_labelled_as_no_character_is_never_a_suspect_but_a_character_that_is_none_may_be() -> None:
    assert [s.label for s in found(crop("reject", drawn="3"), crop("3", drawn="reject"))] == ["3"]


def test_a_stricter_limit_finds_fewer_and_the_surest_comes_first() -> None:
    assert len(found(crop("3", drawn="c"), above=0.95)) == 1  # c and C together
    assert found(crop("3", drawn="c"), above=0.97) == []
    assert found(crop("3", drawn="c"), below=0.005) == []
    order = found(crop("c", drawn="3"), crop("3", drawn="c"))
    assert [s.likelier for s in order] == ["c", "3"]


def test_the_network_is_calibrated_on_validation_crops_alone() -> None:
    held_out = [crop("3", split="validation")] * 3 + [crop("3", drawn="o", split="validation")]
    wrong = [crop("3", drawn="o")] * 40
    one, other = Dataset("one", held_out), Dataset("other", wrong)
    together = suspects.temperature([one, other], [scores(held_out), scores(wrong)])
    assert together == suspects.temperature([one], [scores(held_out)]) > 1
    assert suspects.temperature([other], [scores(wrong)]) == 1


# The command, and the list in a recipe.


def test_the_command_lists_counts_and_draws_and_a_recipe_leaves_the_rows_out(
    model: Path, archive: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    out = archive.with_name("suspects.csv")
    assert main(["suspects", str(model), "--data", f"tar:{archive}", "--out", str(out)]) == 0
    listed = rows(out)
    assert sorted((row["data"], row["label"], row["likelier"]) for row in listed) == [
        ("crops.tar", "3", "o"),
        ("crops.tar", "c", "3"),
    ]
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert table == [["class", "crops"], ["3", "1"], ["c", "1"], ["total", "2"]]
    assert out.with_suffix(".png").stat().st_size > 1000

    logging.getLogger("ocr_train").propagate = True
    sources = (Source(data="tar:crops.tar?without=suspects.csv", weight=1.0),)
    recipe = Recipe(architecture="compact", labels="03cCo", reject=0.1, sources=sources)
    with caplog.at_level(logging.INFO):
        train, validation = load_splits(sources, LABELS, str(archive.parent))
    assert (len(train[0].samples), len(validation[0].samples)) == (20, 21)
    assert not {row["file"] for row in listed} & {sample.file for sample in train[0].samples}
    assert f"crops: 2 training rows left out, by {out}" in caplog.text
    assert run_record(recipe, train, validation)["data"]["crops"]["left_out"] == 2


def test_nothing_suspected_is_an_empty_list_that_a_recipe_may_name(model: Path, archive: Path) -> None:
    out = archive.with_name("none.csv")
    spec = f"tar:{archive}"
    assert main(["suspects", str(model), "--data", spec, "--out", str(out), "--below", "0"]) == 0
    assert rows(out) == []
    assert not out.with_suffix(".png").exists()
    assert datasets.load(f"{spec}?without=none.csv", LABELS).left_out == 0


def test_mistakes_of_the_command_are_one_line(
    model: Path, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = f"tar:{archive}"
    assert main(["suspects", str(model), "--data", data + "#validation"]) == 2
    assert "has no row for training" in capsys.readouterr().err
    assert main(["suspects", str(model), "--data", data, "--out", str(archive.with_name("a.png"))]) == 2
    assert "is the list, a .csv file" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["suspects", str(model), "--data", data, "--above", "80"])


# Leaving out.


def listing(archive: Path, *lines: str) -> str:
    text = "\n".join(("data,file,label", *lines)) + "\n"
    archive.with_name("list.csv").write_text(text, encoding="utf-8-sig")  # as spreadsheets write it
    return f"tar:{archive}?without=list.csv"


def test_one_list_serves_several_data_sets(archive: Path) -> None:
    spec = listing(
        archive, "crops.tar,00/000001.png,0", "other.tar,00/000003.png,0", "crops.tar,99/gone.png,0"
    )
    assert datasets.load(spec, LABELS).left_out == 1


def test_the_list_of_all_notes_serves_one_of_them(archive: Path) -> None:
    spec = listing(archive, "crops.tar,01/000041.png,3", "crops.tar,00/000001.png,0")
    assert [d.left_out for d in (datasets.load(f"{spec}&note=", LABELS), datasets.load(spec, LABELS))] == [
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("crops.tar,00/000002.png,0", "'validation'; only training rows may be left out"),
        ("crops.tar,00/000001.png,3", "is '3' in the list and '0' in the data"),
    ],
)
def test_a_list_that_does_not_fit_the_data_is_refused(archive: Path, line: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        datasets.load(listing(archive, line), LABELS)


def test_a_list_that_cannot_be_read_is_refused(archive: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.csv: No such file"):
        datasets.load(f"tar:{archive}?without=nowhere.csv", LABELS)
    archive.with_name("list.csv").write_text("file,p_label\n")
    with pytest.raises(ConfigError, match="lacks the column data, label"):
        datasets.load(f"tar:{archive}?without=list.csv", LABELS)
    archive.with_name("list.csv").write_bytes(b"data,file,label\n\xff\xfe,1,2\n")
    with pytest.raises(ConfigError, match="not a readable list"):
        datasets.load(f"tar:{archive}?without=list.csv", LABELS)


def test_rows_of_folders_and_numpy_archives_have_names_too(tmp_path: Path) -> None:
    images = np.zeros((3, 8, 8), np.uint8)
    np.savez(tmp_path / "rows.npz", images=images, labels=np.array([0, 1, 0]))
    (tmp_path / "list.csv").write_text("data,file,label\nrows.npz,1,1\n")
    kept = datasets.load(f"npz:{tmp_path / 'rows.npz'}?without=list.csv", ("0", "1"))
    assert [sample.file for sample in kept.samples] == ["0", "2"]


def test_a_run_without_a_list_is_recorded_as_before(archive: Path) -> None:
    sources = (Source(data="tar:crops.tar", weight=1.0),)
    train, validation = load_splits(sources, LABELS, str(archive.parent))
    recipe = Recipe(architecture="compact", labels="03cCo", reject=0.1, sources=sources)
    assert "left_out" not in run_record(recipe, [replace(train[0])], validation)["data"]["crops"]
