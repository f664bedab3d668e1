"""``ocr-train tune``: a network learns somebody's characters, keeps the others, and ends as a bundle."""

import contextlib
import io
import json
import shutil

import cv2
import keras
import numpy as np
import pytest
from tests.train.tiny import tiny

from ocr_edge.bundles.load import load as load_bundle
from ocr_edge.contract.types import Glyph
from ocr_train import architectures, datasets, networks
from ocr_train.cli import main
from ocr_train.datasets import Sample, tar
from ocr_train.sources import stack
from ocr_train.tune import data
from ocr_train.tune.widen import unknown_classes, widen, widened

LABELS = "01L"


def glyph(shape, rng):
    """A ring, a bar, an L, or a dash, dark on light."""
    image = np.full((28, 28, 3), 235, np.uint8)
    top, left = rng.integers(3, 7, 2)
    if shape == "0":
        cv2.rectangle(image, (left, top), (left + 17, top + 18), (15, 15, 15), 4)
    if shape in "1L":
        image[top : top + 18, left + 2 : left + 7] = 15
    if shape in "L":
        image[top + 13 : top + 18, left + 2 : left + 18] = 15
    if shape == "-":
        image[12:17, left : left + 17] = 15
    return Glyph(np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8))


def draw_folder(root, shapes, number=40, seed=3):
    """Crops in one folder a class. ``shapes`` maps the class to what is drawn for it."""
    rng = np.random.default_rng(seed)
    for label, shape in shapes.items():
        folder = root / "data" / label
        folder.mkdir(parents=True)
        for index in range(number):
            cv2.imwrite(str(folder / f"{index}.png"), glyph(shape, rng).rgb)
    return root


@pytest.fixture(scope="module", autouse=True)
def small_steps():
    """The tiny network, and short epochs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(architectures.ARCHITECTURES, "tiny", tiny)
        patch.setattr(data, "EPOCH_SAMPLES", 512)
        yield


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A trained network with its record."""
    folder = tmp_path_factory.mktemp("network")
    rng = np.random.default_rng(0)
    keras.utils.set_random_seed(1)
    model = tiny(3)
    truth = np.arange(150) % 3
    inputs = stack([glyph(LABELS[label], rng) for label in truth])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, jit_compile=False)
    model.fit(inputs, truth, epochs=8, batch_size=16, verbose=0)
    model.save(folder / "model.keras")
    record = {"recipe": {"architecture": "tiny", "epochs": 8, "epoch_samples": 150, "sources": []}}
    (folder / "run.json").write_text(json.dumps({**record, "labels": list(LABELS), "data": {}}))
    return folder / "model.keras"


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """What the network knows, as a set to keep."""
    rng, path = np.random.default_rng(9), tmp_path_factory.mktemp("old") / "old.tar"
    splits = ("train", "validation")
    tar.save(path, [Sample(glyph(LABELS[i % 3], rng), i % 3, splits[i // 3 % 2]) for i in range(240)], LABELS)
    return f"tar:{path}"


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """Somebody whose 0 looks like a dash, which the network takes for a 1."""
    return draw_folder(tmp_path_factory.mktemp("odd") / "mine", {"0": "-", "1": "1"})


@pytest.fixture(scope="module")
def tuned(odd, network, old, tmp_path_factory):
    """A folder in which the whole command has run: ``run`` and ``mybundle``, and what it printed."""
    folder, printed = tmp_path_factory.mktemp("tuned"), io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(command(odd, network, old, folder)) == 0
    return folder, printed.getvalue()


def command(mine, network, old, folder, *more, epochs="6", rate="0.01"):
    words = ["tune", str(mine), "--out", str(folder / "mybundle"), "--run", str(folder / "run"), *more]
    words += ["--network", str(network), "--keep", old, "--rendered", "0", "--workers", "0"]
    return [*words, "--epochs", epochs, "--learning-rate", rate, "--max-loss", "3"]


def record(folder):
    return json.loads((folder / "run" / "run.json").read_text())


def error(capture):
    (line,) = (line for line in capture.readouterr().err.splitlines() if line.startswith("ERROR"))
    return line


def test_a_new_shape_is_learned_and_the_old_ones_are_kept(tuned):
    found = record(tuned[0])["tuned"]
    assert found["mine"]["before"] < 0.7
    assert found["mine"]["after"] > 0.9
    assert found["kept"][0]["before"] - found["kept"][0]["after"] <= 0.03
    assert 0 < found["share"] <= 1


def test_it_says_what_changed_and_how_to_try_it(tuned):
    folder, printed = tuned
    rows = [line.split() for line in printed.splitlines()]
    mine = record(folder)["tuned"]["mine"]
    assert ["yours:", "mine", str(mine["n"]), f"{100 * mine['before']:.1f}"] in [row[:4] for row in rows]
    assert any(row[:2] == ["kept:", "old"] for row in rows)
    assert "pictures of yours are few to judge by" in printed
    assert printed.endswith(f"ocr-edge read --bundle {folder / 'mybundle'} photo.jpg\n")
    assert all(
        cv2.imread(str(folder / "run" / name)) is not None for name in ("tuned.png", "still-wrong.png")
    )


def test_the_network_on_disk_is_the_chosen_one(tuned, odd):
    model = keras.models.load_model(tuned[0] / "run" / "model.keras", compile=False)
    held_out = data.held_out(f"folder:{odd}", LABELS)
    right = model.predict(held_out.inputs, verbose=0).argmax(axis=1) == held_out.truth
    assert round(float(right.mean()), 5) == record(tuned[0])["tuned"]["mine"]["after"]


def test_the_bundle_reads_and_knows_what_it_was_tuned_from(tuned):
    bundle = load_bundle(tuned[0] / "mybundle")
    assert bundle.manifest.characters[0].labels == tuple(LABELS)
    first, last = bundle.manifest.training["runs"]
    assert first["recipe"]["epochs"] == 8
    assert last["tuned"] == record(tuned[0])["tuned"]


def test_a_run_is_not_overwritten_and_resumes_to_the_same(tuned, odd, network, old, capfd, monkeypatch):
    folder, before = tuned[0], record(tuned[0])
    assert main(command(odd, network, old, folder)) == 2
    assert "already holds a training; go on with --resume" in error(capfd)
    monkeypatch.setattr("ocr_train.commands.tune.convert", lambda *_: 0)  # minutes on a small machine
    assert main(command(odd, network, old, folder, "--resume")) == 0
    assert record(folder)["tuned"] == before["tuned"]


def test_nothing_gained_writes_nothing_unless_forced(network, old, tmp_path, capfd, monkeypatch):
    known = draw_folder(tmp_path / "known", {"0": "-", "L": "L"})
    monkeypatch.setattr("ocr_train.tune.choose", lambda blends, *_, **__: blends[0])
    assert main(command(known, network, old, tmp_path, epochs="1")) == 1
    assert "no share of what was learned made yours better" in error(capfd)
    assert not (tmp_path / "mybundle").exists()
    assert not (tmp_path / "run" / "model.keras").exists()
    monkeypatch.undo()
    monkeypatch.setattr("ocr_train.commands.tune.convert", lambda *_: 0)
    assert main(command(known, network, old, tmp_path, "--resume", "--force", epochs="1")) == 0
    assert record(tmp_path)["tuned"]["share"] > 0


def test_a_refused_conversion_is_the_exit_code(tuned, odd, network, old, capfd, monkeypatch):
    monkeypatch.setattr("ocr_train.commands.tune.convert", lambda *_: 1)
    assert main(command(odd, network, old, tuned[0], "--resume")) == 1
    assert "Try it" not in capfd.readouterr().out


def test_a_class_the_network_does_not_know_is_named_and_taught_when_asked_for(
    network, old, tmp_path, capfd, monkeypatch
):
    mine = draw_folder(tmp_path / "mine", {"-": "-", "0": "0"})
    assert main(command(mine, network, old, tmp_path)) == 2
    assert "does not know the class '-'; teach what is new with --new-classes" in error(capfd)
    monkeypatch.setattr("ocr_train.commands.tune.convert", lambda *_: 0)
    # At the rate and the epochs that nobody has to choose.
    assert main(command(mine, network, old, tmp_path, "--new-classes", epochs="1", rate="3e-4")) == 0
    found = record(tmp_path)
    assert found["labels"] == [*LABELS, "-"]
    assert found["tuned"]["mine"]["before"] < 0.6
    assert found["tuned"]["mine"]["after"] > 0.9
    (new,) = found["tuned"]["new"]
    assert (new["name"], new["before"]) == ("-", 0)
    assert new["after"] > 0.9
    assert found["tuned"]["kept"][0]["before"] - found["tuned"]["kept"][0]["after"] <= 0.01
    rows = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert ["new:", "-", str(new["n"]), "0.0", f"{100 * new['after']:.1f}"] in [row[:5] for row in rows]


def test_a_class_of_which_nothing_is_learned_is_refused(network, old, tmp_path, capfd, monkeypatch):
    # What is called a comma looks like a bar, of which there are many more.
    mine = draw_folder(tmp_path / "mine", {"0": "-", ",": "1"})
    monkeypatch.setattr("ocr_train.tune.teach_rows", lambda *_: None)
    assert main(command(mine, network, old, tmp_path, "--new-classes", epochs="1", rate="1e-5")) == 1
    assert "class ,: not one held-out crop is named right, so nothing was written" in error(capfd)
    assert not (tmp_path / "mybundle").exists()


def test_both_networks_of_a_bundle_of_two_are_tuned_and_run_in_its_sequence(
    odd, network, old, tmp_path, capfd, monkeypatch
):
    second = tmp_path / "second" / "model.keras"
    shutil.copytree(network.parent, second.parent)
    both = networks.Stages((network, second), (0.97,), "mean")
    monkeypatch.setattr(networks, "stages", lambda _: both)
    converted = []
    monkeypatch.setattr("ocr_train.commands.tune.convert", lambda *given: converted.append(given) or 0)
    assert main(command(odd, network, old, tmp_path)) == 0
    ((models, specs, _, *more),) = converted
    run = tmp_path / "run"
    assert models == [run / "stage-1" / "model.keras", run / "stage-2" / "model.keras"]
    assert all(path.is_file() for path in models)
    assert specs == (f"folder:{odd}", old)
    assert more == ["--combine", "mean", "--escalate-below", "0.97"]
    assert "Stage 2 of 2" in capfd.readouterr().out


def test_the_name_default_stands_for_the_networks_of_the_bundle_default():
    found = networks.stages("default")
    architectures_of = [data.recorded(path)[0] for path in found.networks]
    assert architectures_of == ["lean_stem32", "compact"]
    assert (found.escalate_below, found.combine) == ((0.97,), "mean")
    assert len(networks.stages("fast").networks) == 1


def test_what_is_right_already_is_not_trained_on(network, old, tmp_path, capfd):
    known = draw_folder(tmp_path / "known", {"0": "0", "L": "L"})
    assert main(command(known, network, old, tmp_path)) == 1
    assert "held-out pictures of yours are right as it is: there is nothing to gain" in error(capfd)
    assert not (tmp_path / "run" / "training").exists()


def test_a_dot_and_a_slash_are_classes_by_their_code_points(tmp_path):
    mine = draw_folder(tmp_path / "mine", {"U+002E": "-", "U+002F": "1", "0": "0"}, number=8)
    assert unknown_classes(f"folder:{mine}", LABELS) == [".", "/"]
    loaded = datasets.load(f"folder:{mine}", ("0", ".", "/"))
    assert [sum(s.label == label for s in loaded.samples) for label in range(3)] == [8, 8, 8]


def test_a_wider_network_says_the_same_of_what_it_knew(network, tmp_path):
    widen(network, "tiny", tuple("01-L")).save(tmp_path / "wide.keras")
    rng = np.random.default_rng(4)
    inputs = stack([glyph(LABELS[i % 3], rng) for i in range(12)])
    narrow, wide = (
        keras.models.load_model(path, compile=False).predict(inputs, verbose=0)
        for path in (network, tmp_path / "wide.keras")
    )
    assert np.allclose(narrow, wide[:, [0, 1, 3]], atol=1e-5)
    assert 2 not in wide.argmax(axis=1)


def test_new_classes_come_before_the_one_for_no_character():
    assert widened(("0", "1", "reject"), ["-", "€"]) == ("0", "1", "-", "€", "reject")


# Mistakes.


def test_mistakes_of_tune_are_one_line(odd, network, tmp_path, capsys):
    out = ["--out", str(tmp_path / "b"), "--run", str(tmp_path / "run")]
    assert main(["tune", str(odd), *out, "--network", "nope"]) == 2
    assert "none of the shipped networks default" in error(capsys)
    assert main(["tune", str(tmp_path / "none"), *out, "--network", str(network)]) == 2
    assert "expected KIND:PATH" in error(capsys)
    assert main(["tune", str(odd), "--out", str(odd)]) == 2
    assert "exists and is no bundle" in error(capsys)
    trash = draw_folder(tmp_path / "trash", {"0": "0", "old ones": "-"}, number=2)
    assert main(["tune", str(trash), *out, "--network", str(network), "--new-classes"]) == 2
    assert "class 'old ones': a class is one character" in error(capsys)
    flat = draw_folder(tmp_path / "flat", {"0": "0"}, number=3) / "data" / "0"
    assert main(["tune", str(flat), *out, "--network", str(network)]) == 2
    assert "holds 3 files and no folder of a class; put the pictures of each character" in error(capsys)
    one = draw_folder(tmp_path / "one", {"0": "0"}, number=1)
    assert main(["tune", str(one), *out, "--network", str(network)]) == 2
    assert "none of its 1 crops is in the validation split" in error(capsys)
    assert not (tmp_path / "run" / "training").exists()


def test_a_network_without_its_record_is_refused(odd, network, tmp_path, capsys):
    lonely = tmp_path / "lonely.keras"
    lonely.write_bytes(network.read_bytes())
    assert main(["tune", str(odd), "--out", str(tmp_path / "b"), "--network", str(lonely)]) == 3
    assert "run.json: does not name the architecture" in error(capsys)


def test_the_shipped_networks_fit_their_records():
    assert networks.DEFAULT in networks.shipped()
    for path in networks.shipped().values():
        architecture, labels = data.recorded(path)
        shapes = [w.shape for w in architectures.build(architecture, len(labels)).get_weights()]
        model = keras.models.load_model(path, compile=False)
        assert [w.shape for w in model.get_weights()] == shapes
        assert model.output_shape[-1] == len(labels)
