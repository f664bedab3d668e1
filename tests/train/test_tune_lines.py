"""``ocr-train tune`` of a stage that reads lines: a user's lines or characters, and what is kept."""

import json
import sys

import cv2
import keras
import numpy as np
import pytest
from tests.train import line_data

from ocr_edge.harvest import export, sample
from ocr_edge.harvest.folder import Samples
from ocr_edge.harvest.labels import Label
from ocr_edge.harvest.sample import About, Named
from ocr_train import architectures, datasets
from ocr_train.cli import main
from ocr_train.datasets import words
from ocr_train.datasets.words import LineSample, LineSet
from ocr_train.strips import evaluate
from ocr_train.tune import line_blend, line_recipe
from ocr_train.tune.line_data import held_out
from ocr_train.tune.widen import teach_line_rows

COLOURS = {"1": (200, 30, 30), "2": (30, 160, 30), "3": (30, 30, 200), "€": (200, 30, 200)}


def bars(text, rng):
    """Each digit a bar of its colour, so that the smallest network can learn to read."""
    image = np.full((32, 8 + 20 * len(text), 3), 240, np.uint8)
    for place, digit in enumerate(text):
        image[:, 8 + 20 * place : 20 + 20 * place] = COLOURS[digit]
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def folder(path, digits="123", count=48, seed=0):
    rng = np.random.default_rng(seed)
    path.mkdir(parents=True)
    for number in range(count):
        text = "".join(rng.choice(list(digits), 2))
        cv2.imwrite(str(path / f"{text}__{number}.png"), bars(text, rng)[..., ::-1])
    return f"words:{path}"


@pytest.fixture(scope="module", autouse=True)
def small_steps():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(architectures.LINES, "tiny_line", line_data.tiny)
        patch.setattr(line_recipe, "STEPS", 40)
        patch.setattr(line_recipe, "COLUMNS", 1024)
        patch.setattr("ocr_train.tune.line_data.MADE", {"train": 4, "validation": 12})
        patch.setattr("ocr_train.commands.tune.convert", lambda *_: 0)
        yield


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """An untrained network with its record."""
    path = tmp_path_factory.mktemp("network") / "model.keras"
    keras.utils.set_random_seed(2)
    line_data.tiny(4).save(path)
    record = {"recipe": {"architecture": "tiny_line"}, "labels": ["1", "2", "3", "blank"]}
    path.with_name("run.json").write_text(json.dumps(record))
    return path


def command(mine, network, out, *more):
    words_ = [
        "tune",
        mine,
        "--out",
        str(out / "bundle"),
        "--run",
        str(out / "run"),
        "--network",
        str(network),
    ]
    return [*words_, "--rendered", "0", "--workers", "0", "--epochs", "2", "--learning-rate", "0.02", *more]


def error(capture):
    (line,) = (line for line in capture.readouterr().err.splitlines() if line.startswith("ERROR"))
    return line


def test_a_users_lines_are_learned_and_it_says_how_well(network, tmp_path, capsys):
    mine = folder(tmp_path / "mine")
    assert main(command(mine, network, tmp_path, "--keep", folder(tmp_path / "kept", seed=3))) == 0
    printed = capsys.readouterr().out
    assert "lines read exactly, %" in printed
    tuned = json.loads((tmp_path / "run" / "run.json").read_text())["tuned"]
    assert tuned["mine"]["before"] < 0.2
    assert tuned["mine"]["after"] > 0.8
    assert tuned["kept"][0]["name"] == "kept"
    assert all(
        cv2.imread(str(tmp_path / "run" / name)) is not None for name in ("tuned.png", "still-wrong.png")
    )
    model = keras.models.load_model(tmp_path / "run" / "model.keras", compile=False)
    lines = held_out(mine)
    said, _ = line_blend.read(model, lines, ["1", "2", "3", "blank"])
    right = np.mean([sample.text == text for sample, text in zip(lines.samples, said, strict=True)])
    assert round(float(right), 5) == tuned["mine"]["after"]


def test_a_character_that_the_network_does_not_know_is_learned_and_listed(network, tmp_path, capsys):
    mine = folder(tmp_path / "mine")
    assert main(command(mine, network, tmp_path)) == 0
    taught = tmp_path / "run" / "model.keras"
    capsys.readouterr()
    new = folder(tmp_path / "new", digits="12€", count=64, seed=5)
    again = [*command(new, taught, tmp_path / "more"), "--new-classes", "--keep", mine]
    assert main(again) == 0
    record = json.loads((tmp_path / "more" / "run" / "run.json").read_text())
    assert record["labels"] == ["1", "2", "3", "€", "blank"]
    (learned,) = record["tuned"]["new"]
    assert (learned["name"], learned["before"]) == ("€", 0)
    assert learned["after"] > 0.8
    assert "new: €" in capsys.readouterr().out


def test_rows_of_new_characters_are_found_where_the_network_reads_something_else(monkeypatch):
    """A network whose last layer sees each column's colour, and takes the new one for a known one."""
    labels = ("1", "2", "€", "blank")
    rgb, binary = keras.Input((32, None, 3), name="rgb"), keras.Input((32, None, 1), name="binary")
    scaled = keras.layers.Rescaling(1 / 255)(rgb)
    x = keras.layers.AveragePooling2D((32, 4))(scaled)
    x = keras.layers.Conv2D(4, 1, name="scores")(x)
    model = keras.Model(
        {"rgb": rgb, "binary": binary}, architectures.dual_line.Row(name="logits")(x), name="columns"
    )
    # Red is a 1, green a 2, white nothing; purple is taken for a 1.
    kernel = np.array([[9, -9, 0, 0], [-9, 9, 0, 0], [0, -9, 0, 9]], np.float32)
    model.get_layer("scores").set_weights([kernel[None, None], np.array([0, 0, -9, -4], np.float32)])
    colours = {"1": (250, 0, 0), "2": (0, 250, 0), "€": (250, 0, 120)}
    samples = []
    for text in ("1€2", "€1", "2€", "€€", "12", "21"):
        image = np.full((32, 8 + 24 * len(text), 3), 255, np.uint8)
        for place, char in enumerate(text):
            image[:, 8 + 24 * place : 24 + 24 * place] = colours[char]
        samples.append(LineSample(image, text))
    lines = LineSet("colours", samples)
    for module in (sys.modules[teach_line_rows.__module__], evaluate):
        monkeypatch.setattr(module, "squeezed", lambda image, _: (image, image[..., :1]))
    before, _ = line_blend.read(model, lines, labels)
    assert before == ["112", "11", "21", "11", "12", "21"]
    teach_line_rows(model, [lines], labels, ["€"])
    after, _ = line_blend.read(model, lines, labels)
    assert after == [sample.text for sample in samples]


def test_lines_that_are_right_already_are_not_trained_on(network, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(line_blend, "read", lambda _, lines, __: ([s.text for s in lines.samples], 0.0))
    mine = folder(tmp_path / "mine")
    assert main(command(mine, network, tmp_path)) == 1
    assert "held-out pictures of yours are right as it is: there is nothing to gain" in error(capsys)
    assert not (tmp_path / "run" / "training").exists()


def test_nothing_gained_writes_nothing(network, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(line_recipe, "STEPS", 1)
    mine = folder(tmp_path / "mine", count=40)
    assert main(command(mine, network, tmp_path, "--learning-rate", "1e-7", "--epochs", "1")) == 1
    assert "nothing was written" in error(capsys)
    assert not (tmp_path / "run" / "model.keras").exists()


def test_lines_are_composed_of_characters_and_held_out_ones_of_held_out_characters(
    network, tmp_path, monkeypatch
):
    monkeypatch.setattr(line_recipe, "STEPS", 1)
    rng = np.random.default_rng(0)
    for digit in "123":
        (tmp_path / "chars" / digit).mkdir(parents=True)
        for number in range(20):
            cv2.imwrite(
                str(tmp_path / "chars" / digit / f"{digit}{number}.png"), line_data.picture(digit, rng)
            )
    code = main(
        command(str(tmp_path / "chars"), network, tmp_path, "--stage", "line", "--epochs", "1", "--force")
    )
    assert code == 0
    made = words.load(f"words:{tmp_path / 'run' / 'composed.tar'}").samples
    assert [sum(sample.split == split for sample in made) for split in ("train", "validation")] == [4, 12]
    assert {char for sample in made for char in sample.text} <= set("123 ")
    assert (tmp_path / "run" / "model.keras").exists()


def test_mistakes_are_one_line(network, tmp_path, capsys):
    few = folder(tmp_path / "few", count=1)
    assert main(command(few, network, tmp_path)) == 2
    assert "none of its 1 lines is in the validation split" in error(capsys)
    odd = folder(tmp_path / "odd", digits="12€", count=12)
    assert main(command(odd, network, tmp_path)) == 2
    assert "the network does not know €; teach what is new with --new-classes" in error(capsys)
    assert main(command(few, network, tmp_path, "--stage", "character")) == 2
    assert "MINE names lines" in error(capsys)
    assert main(command(few, "none", tmp_path)) == 2
    assert "network none: no such file" in error(capsys)
    assert main(command(few, "src/none.keras", tmp_path)) == 2
    assert not (tmp_path / "run" / "training").exists()


@pytest.fixture
def exported(tmp_path):
    """Labelled samples of a device, as ``ocr-edge samples export`` writes them: a folder, and an archive."""
    rng, samples = np.random.default_rng(8), Samples(tmp_path / "samples")
    for number in range(48):
        text = "".join(rng.choice(list("123"), 2))
        image = bars(text, rng)
        about = About(
            id=f"20261126T120000-{number:06x}",
            time=1e9,
            region="meter",
            bundle="default",
            reason="uncertain",
            why="",
            text=text,
            confidence=0.5,
            size=image.shape[:2],
            characters=tuple(Named(c, 0.5, (8 + 20 * i, 0, 12, 32)) for i, c in enumerate(text)),
        )
        samples.add([sample.made(about, {"strip": sample.png(image)})])
        samples.set_label(about.id, Label(text, "right"))
    export.to_folder(tmp_path / "export", export.files(samples))
    export.to_archive(tmp_path / "export.tar", export.files(samples))
    return tmp_path / "export"


def test_what_a_device_exports_is_inspected_and_learned_as_it_is(exported, network, tmp_path, capsys):
    for spec in (f"words:{exported}", f"words:{exported}.tar"):
        assert main(["inspect", spec, "--out", str(tmp_path / "sheet.png")]) == 0
    assert "train, lines" in capsys.readouterr().out
    loaded = words.load(f"words:{exported}")
    assert words.load(f"words:{exported}.tar").samples[7].text == loaded.samples[7].text
    train, held_out = loaded.of("train").samples, loaded.of("validation").samples
    assert len(train) + len(held_out) == 48
    assert len(held_out) >= 6
    assert not {s.group for s in train} & {s.group for s in held_out}
    assert main(command(f"words:{exported}", network, tmp_path)) == 0
    tuned = json.loads((tmp_path / "run" / "run.json").read_text())["tuned"]
    assert tuned["mine"]["n"] == len(held_out)
    assert tuned["mine"]["after"] > tuned["mine"]["before"]


def test_exported_characters_are_a_data_set_and_stay_on_the_side_of_their_line(exported):
    loaded = datasets.load(f"folder:{exported}", ("1", "2", "3"))
    assert len(loaded.samples) == 96
    assert all(each.glyph.binary is not None for each in loaded.samples)
    sides = {each.file: each.split for each in words.load(f"words:{exported}").samples}
    for each in loaded.samples:
        line = each.file.rpartition("/")[2].rpartition("-")[0]
        line = line if len(line) == len("20261126T120000-000000") else line.rpartition("-")[0]
        assert sides[f"lines/{line}.png"] == each.split
