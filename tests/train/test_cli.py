"""``ocr-train`` from the outside: what it prints, what it writes, what it answers to mistakes."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

import ocr_edge
import ocr_train
from ocr_edge.contract.types import Glyph
from ocr_train import recipe as recipes
from ocr_train import rendering
from ocr_train.cli import main
from ocr_train.datasets import Sample, load, tar

HEAVY = ("keras", "tensorflow", "torch", "cv2", "numpy", "matplotlib", "scipy")


@pytest.fixture
def crops(tmp_path):
    """Twelve crops in three splits, with notes."""
    rng = np.random.default_rng(0)
    samples = [
        Sample(
            Glyph(rng.integers(0, 256, (9, 7, 3), np.uint8)),
            10 + i % 3,
            ("train", "train", "validation", "test")[i % 4],
            group=f"g{i}",
            note="good" if i % 2 else "bad",
        )
        for i in range(24)
    ]
    tar.save(tmp_path / "crops.tar", samples)
    return tmp_path / "crops.tar"


def write_recipe(path, *lines):
    head = 'architecture = "dual_branch"\nlabels = "ABC"\nepochs = 1\nepoch_samples = 8\nbatch_size = 4\n'
    path.write_text(head + "\n".join(lines) + "\n")
    return str(path)


def error(capsys):
    """The one line that a mistake is answered with."""
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = (line for line in err.splitlines() if line.startswith("ERROR"))
    assert "Traceback" not in err
    return line


# Help.


def test_help_needs_no_heavy_import():
    script = f"import sys, ocr_train.cli as c; c.parser(); print([m for m in {HEAVY} if m in sys.modules])"
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("summary",),
        ("inspect",),
        ("fit",),
        ("evaluate",),
        ("prepare",),
        *(("prepare", kind) for kind in ("fonts", "words", "chars74k", "iiit5k", "emnist", "pack")),
    ],
)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as done:
        main([*command, "--help"])
    assert done.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {' '.join(('ocr-train', *command))} ")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nope",),
        ("inspect",),
        ("fit", "compact"),
        ("inspect", "tar:x", "--count", "0"),
        ("fit", "compact", "--out", "x", "--workers", "-1"),
        ("prepare", "emnist", "--out", "x", "--name", "byletter"),
    ],
)
def test_arguments_that_make_no_sense_end_with_2(arguments):
    with pytest.raises(SystemExit) as done:
        main(list(arguments))
    assert done.value.code == 2


# summary.


def test_summary_lists_layers_shapes_parameters_and_multiply_adds(capsys):
    assert main(["summary", "dual_branch"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["rgb_conv_64", "Conv2D", "28x28x64", "1,792", "1,354,752"] in rows
    assert rows[-1] == ["total", "1,961,278", "60,829,440"]


def test_summary_counts_for_other_labels(capsys):
    assert main(["summary", "dual_branch", "--labels", "0123456789"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["total", "1,954,570", "60,822,784"]


def test_mistakes_of_summary_are_one_line(capsys, monkeypatch):
    assert main(["summary", "nope"]) == 2
    assert "known are dual_branch" in error(capsys)
    assert main(["summary", "dual_branch", "--labels", "aa"]) == 2
    assert "--labels: " in error(capsys)
    monkeypatch.setenv("KERAS_BACKEND", "caffe")
    assert main(["summary", "dual_branch"]) == 2
    assert "KERAS_BACKEND is 'caffe', expected one of tensorflow, torch, jax" in error(capsys)


def test_a_missing_package_names_the_extra_that_brings_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    assert main(["summary", "dual_branch"]) == 2
    assert error(capsys) == "ERROR: keras is not installed; pip install 'ocr-edge[train]'"


# inspect.


def test_inspect_counts_and_draws(crops, tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    assert main(["inspect", f"tar:{crops}", "--labels", "ABC", "--out", str(sheet)]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["class", "train", "validation", "test", "total"],
        ["A", "4", "2", "2", "8"],
        ["B", "4", "2", "2", "8"],
        ["C", "4", "2", "2", "8"],
        ["total", "12", "6", "6", "24"],
    ]
    assert main(["inspect", f"tar:{crops}", "--labels", "ABCDE", "--out", str(sheet)]) == 0
    *_, total, note = capsys.readouterr().out.splitlines()
    assert total.split() == ["total", "12", "6", "6", "24"]
    assert note == "2 of 5 labels without a sample: D E"
    assert cv2.imread(str(sheet)) is not None


def test_inspect_shows_the_same_glyphs_again_and_others_with_another_seed(crops, tmp_path):
    def sheet(*extra):
        path = tmp_path / "s.png"
        assert main(["inspect", f"tar:{crops}", "--out", str(path), "--count", "5", *extra]) == 0
        return cv2.imread(str(path))

    for flags in ((), ("--augment",), ("--augment", "--plain")):
        assert np.array_equal(sheet(*flags), sheet(*flags))
        assert not np.array_equal(sheet(*flags), sheet(*flags, "--seed", "2"))
    assert not np.array_equal(sheet(), sheet("--augment"))


def test_inspect_refuses_what_it_cannot_read_or_write(crops, tmp_path, capsys):
    assert main(["inspect", "tar:none.tar"]) == 2
    assert "none.tar does not exist" in error(capsys)
    assert main(["inspect", "none"]) == 2
    assert "expected KIND:PATH" in error(capsys)
    (tmp_path / "file").write_text("")
    assert main(["inspect", f"tar:{crops}", "--out", str(tmp_path / "file" / "s.png")]) == 2
    assert "ERROR: " + str(tmp_path / "file") in capsys.readouterr().err


# fit.


def test_fit_prints_the_model_and_says_its_progress_on_stderr(crops, tmp_path, capsys):
    recipe = write_recipe(tmp_path / "r.toml", "[[sources]]", 'data = "tar:crops.tar"', "weight = 1")
    arguments = ["fit", recipe, "--out", str(tmp_path / "run"), "--data", str(tmp_path), "--workers", "0"]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'run' / 'model.keras'}\n"
    assert "epoch 1 of 1: loss " in err
    assert main(arguments) == 2
    assert "go on with --resume" in error(capsys)
    assert main([*arguments, "--resume"]) == 0
    assert main(["evaluate", str(tmp_path / "run" / "model.keras"), "--data", f"tar:{crops}#test"]) == 0


def test_mistakes_of_fit_are_one_line(tmp_path, capsys, monkeypatch):
    out = ["--out", str(tmp_path / "run")]
    assert main(["fit", "nope", *out]) == 2
    assert f"none of the shipped recipes {', '.join(recipes.shipped())}" in error(capsys)
    recipe = write_recipe(tmp_path / "r.toml", "pateince = 3", "[[sources]]", 'data = "tar:x"', "weight = 1")
    assert main(["fit", recipe, *out]) == 2
    assert "did you mean 'patience'" in error(capsys)
    monkeypatch.chdir(tmp_path)
    assert main(["fit", "compact", *out]) == 2
    assert "data/chars74k_img.tar does not exist" in error(capsys)


def test_more_devices_than_there_are_end_with_2(tmp_path, capsys):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow shares a batch among devices")
    recipe = write_recipe(tmp_path / "r.toml", "[[sources]]", 'data = "tar:x"', "weight = 1")
    assert main(["fit", recipe, "--out", str(tmp_path / "run"), "--devices", "77"]) == 2
    assert "--devices 77: TensorFlow sees only" in error(capsys)


def test_several_devices_need_the_tensorflow_backend(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    recipe = write_recipe(tmp_path / "r.toml", "[[sources]]", 'data = "tar:x"', "weight = 1")
    assert main(["fit", recipe, "--out", str(tmp_path / "run"), "--devices", "2"]) == 2
    assert "needs the TensorFlow backend, KERAS_BACKEND is torch" in error(capsys)


# prepare.


def test_prepare_fonts_renders_what_is_asked_for(tmp_path, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(rendering, "prepare", lambda *args: asked.append(args) or args[0])
    out = tmp_path / "r.tar"
    assert main(["prepare", "fonts", "--out", str(out), "--count", "7", "--seed", "3", "--workers", "1"]) == 0
    assert asked == [(out, 7, 3, 1)]
    assert capsys.readouterr().out == f"{out}\n"


def test_prepare_chars74k_prints_the_archives(tmp_path, capsys):
    picture = tmp_path / "English" / "Fnt" / "Sample002" / "img002-00001.png"
    picture.parent.mkdir(parents=True)
    cv2.imwrite(str(picture), np.full((20, 20, 3), 255, np.uint8))
    assert main(["prepare", "chars74k", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    written = tmp_path / "out" / "chars74k_fnt.tar"
    assert capsys.readouterr().out == f"{written}\n"
    assert load(f"tar:{written}", "01").label_array().tolist() == [1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("words", "none.tar", "--out", "x.tar"),
        ("chars74k", ".", "--out", "x"),
        ("iiit5k", ".", "--out", "x"),
        ("emnist", "--out", "x", "--url", "http://127.0.0.1:9/gzip.zip"),
        ("pack", "tar:none.tar", "--out", "x.tar"),
        ("pack", "--recipe", "none", "--out", "x.tar"),
    ],
)
def test_mistakes_of_prepare_are_one_line_and_leave_no_archive(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["prepare", *arguments]) == 2
    error(capsys)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".part"] == []


# pack.


def test_a_pack_trains_where_nothing_of_ours_is_installed(crops, tmp_path, capsys):
    recipe = write_recipe(
        tmp_path / "r.toml",
        *("[[sources]]", 'data = "tar:crops.tar?note=good"', "weight = 2", 'terms = "MIT"', "plain = true"),
        *("[[sources]]", 'data = "tar:crops.tar?note=bad"', "weight = 1", "validate = false"),
    )
    pack = tmp_path / "pack.tar"
    arguments = ["prepare", "pack", "--recipe", recipe, "--data", str(tmp_path), "--out", str(pack)]
    assert main([*arguments, "--count", "5"]) == 0
    assert capsys.readouterr().out == f"{pack}\n"
    there = tmp_path / "there"
    with tarfile.open(pack) as archive:
        archive.extractall(there, filter="data")
    packed = recipes.load(there / "recipe.toml")
    assert [source.data for source in packed.sources] == ["tar:crops-good.tar", "tar:crops-bad.tar"]
    assert [source.terms for source in packed.sources] == ["MIT", "none stated"]
    assert packed.label_texts == ("A", "B", "C")
    samples = load(f"tar:{there / 'data' / 'crops-good.tar'}", "ABC").samples
    assert len(samples) == 5
    assert {sample.note for sample in samples} == {"good"}
    assert {sample.split for sample in samples} == {"train"}

    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    script = "import ocr_edge, ocr_train, sys; print(ocr_edge.__file__, ocr_train.__file__)"
    script += "\nfrom ocr_train.cli import main\nsys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "fit", "recipe.toml", "--out", "runs/packed", "--workers", "0"]
    done = subprocess.run(command, cwd=there, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{there / 'ocr_edge' / '__init__.py'} {there / 'ocr_train' / '__init__.py'}",
        str(Path("runs/packed/model.keras")),
    ]
    assert Path(ocr_edge.__file__).parent != there / "ocr_edge"
    assert Path(ocr_train.__file__).parent != there / "ocr_train"


def test_a_pack_of_named_sources_leaves_the_recipes_own_out(crops, tmp_path):
    pack = tmp_path / "pack.tar"
    assert main(["prepare", "pack", f"tar:{crops}", "--recipe", "original", "--out", str(pack)]) == 0
    with tarfile.open(pack) as archive:
        names = set(archive.getnames())
        archive.extract("recipe.toml", tmp_path, filter="data")
    packed = recipes.load(tmp_path / "recipe.toml")
    assert [source.data for source in packed.sources] == ["tar:crops.tar"]
    assert packed.epochs == recipes.find("original").epochs
    assert {
        "data/crops.tar",
        "README.txt",
        "ocr_train/__main__.py",
        "ocr_train/recipes/original.toml",
    } <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("test") or "/test" in name]
