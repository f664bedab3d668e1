import json
from argparse import Namespace

import pytest

from ocr_convert.cli import main
from ocr_convert.cli_samples import data
from ocr_edge.bundles import load as bundles
from ocr_edge.errors import ConfigError
from ocr_train.datasets import Dataset, tar
from tests.train import line_data

from .conftest import LABELS


@pytest.fixture
def run(trained, tmp_path):
    """A finished run's folder."""
    folder = tmp_path / "run"
    folder.mkdir()
    trained.save(folder / "model.keras")
    (folder / "run.json").write_text(json.dumps({"labels": list(LABELS)}))
    return folder


@pytest.fixture
def crops(calibration, held_out, tmp_path):
    path = tmp_path / "crops.tar"
    tar.save(path, [*calibration[0].samples, *held_out[0].samples], LABELS)
    return path


def test_a_trained_model_becomes_a_bundle(run, crops, tmp_path, capsys):
    out = tmp_path / "bundle"
    code = main(
        [
            "--quantize",
            str(run / "model.keras"),
            "--samples",
            f"tar:{crops}",
            "--out",
            str(out),
            "--calibration",
            "60",
        ]
    )
    assert code == 0
    assert "agreement" in capsys.readouterr().out
    assert bundles.load(out).manifest.characters[0].labels == LABELS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "x"], "either MODEL.keras files or --adopt"),
        (["missing.keras", "--out", "x"], "does not exist"),
        (["--adopt", "old.h5", "--out", "x"], "needs --labels"),
        (["a.keras", "b.keras", "--out", "x"], "2 stages need 1 --escalate-below, found 0"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_2(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ERROR: ")
    assert words in line


def test_data_without_a_validation_split_is_refused(run, calibration, tmp_path, capsys):
    path = tmp_path / "train-only.tar"
    tar.save(path, calibration[0].samples, LABELS)
    assert (
        main(
            ["--quantize", str(run / "model.keras"), "--samples", f"tar:{path}", "--out", str(tmp_path / "b")]
        )
        == 2
    )
    assert "no sample of the validation split" in capsys.readouterr().err


def test_labels_that_do_not_fit_the_network_are_refused(run, crops, tmp_path, capsys):
    arguments = [
        str(run / "model.keras"),
        "--labels",
        "0-9A-Za-z",
        "--samples",
        f"tar:{crops}",
        "--out",
        str(tmp_path / "b"),
    ]
    assert main(arguments) == 2
    assert "has 3 outputs, there are 62 labels" in capsys.readouterr().err


def test_networks_of_different_labels_are_no_stages_of_one_bundle(run, trained, crops, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    trained.save(other / "model.keras")
    (other / "run.json").write_text(json.dumps({"labels": ["0", "1", "2", "3"]}))
    models = [str(folder / "model.keras") for folder in (run, other)]
    data = ["--samples", f"tar:{crops}", "--out", str(tmp_path / "b")]
    assert main([*models, "--escalate-below", "0.9", *data]) == 2
    assert "different labels (3, 4 of them)" in capsys.readouterr().err


@pytest.fixture
def line_run(tmp_path):
    """The folder of a run that trained a line stage."""
    folder = tmp_path / "line"
    folder.mkdir()
    line_data.tiny(11).save(folder / "model.keras")
    recipe = {"stage": "line", "widths": {"64": 1.0}, "sources": []}
    (folder / "run.json").write_text(json.dumps({"labels": [*"0123456789", "blank"], "recipe": recipe}))
    return folder


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--calibration", "1500"], "--calibration: for stages that name characters"),
        (["--labels", "0-9"], "--labels: for stages that name characters"),
        (["--escalate-below", "0.9"], "--escalate-below: for stages that name characters"),
        (["--combine", "replace", "--labels", "0-9"], "--labels, --combine: for stages that name characters"),
        (["--samples", "words:{}#train"], "no line of the validation split; both splits are needed"),
        (["--samples", "words:{}#validation"], "no line of the train split; both splits are needed"),
        ([], "give --samples words:PATH"),
    ],
)
def test_what_does_not_fit_a_line_stage_is_one_line_and_exit_2(more, complaint, line_run, tmp_path, capsys):
    path = line_data.archive(tmp_path / "lines.tar")
    arguments = ["--quantize", str(line_run / "model.keras"), "--out", str(tmp_path / "b")]
    assert main([*arguments, *(word.format(path) for word in more)]) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_a_line_stage_after_a_stage_of_characters_is_refused(run, line_run, tmp_path, capsys):
    models = [str(folder / "model.keras") for folder in (run, line_run)]
    assert main([*models, "--quantize", "--escalate-below", "0.9", "--out", str(tmp_path / "b")]) == 2
    assert "2 networks, one of which reads lines" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spec", "order", "read"),
    [
        ("folder:old", "0-9a-zA-Z", "folder:old?labels=0-9a-zA-Z"),
        ("folder:old?note=good#train", "0-9a-zA-Z", "folder:old?labels=0-9a-zA-Z&note=good#train"),
        ("folder:old?labels=0-9A-Za-z", "0-9a-zA-Z", "folder:old?labels=0-9A-Za-z"),
        ("emnist:old", "0-9a-zA-Z", "emnist:old"),
        ("folder:old", None, "folder:old"),
    ],
)
def test_numbered_classes_of_samples_count_in_the_order_of_the_network(spec, order, read, monkeypatch):
    seen = []
    monkeypatch.setattr("ocr_train.datasets.load", lambda text, _: seen.append(text) or Dataset("x", []))
    with pytest.raises(ConfigError, match="no sample of the train split"):
        data(Namespace(samples=[spec], labels=order), [], LABELS)
    assert seen == [read]
