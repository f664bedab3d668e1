"""Networks side by side: what is compared, in turns, and what the tables and pictures say of it."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import draw
import networks
from lib.networks import bundles, cpu_time, held_out
from lib.plots.network_accuracy import front
from lib.scoring import gained
from ocr_edge.bundles.load import load, self_test, shipped
from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train.datasets import Sample, tar

ORIGINAL = shipped().parent / "original"
BOOLS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The glyphs that travel with the original bundle, as held-out data."""
    found = self_test(load(ORIGINAL))
    samples = [
        Sample(Glyph(rgb), int(label), "validation")
        for rgb, label in zip(found.inputs["rgb"], found.labels, strict=True)
    ]
    path = tmp_path_factory.mktemp("data") / "glyphs.tar"
    tar.save(path, samples)
    return f"tar:{path}#validation"


def test_two_shipped_bundles_are_compared_in_one_run(spec: str, tmp_path: Path, capsys) -> None:
    pytest.importorskip("matplotlib", reason="Matplotlib draws it")
    files = {name: tmp_path / name for name in ("a.json", "a.md", "a.png", "b.png")}
    saved = [f"--json={files['a.json']}", f"--markdown={files['a.md']}"]
    drawn = [f"--picture={files['a.png']}", f"--sources-picture={files['b.png']}"]
    command = ["default", "--baseline", "original", "--data", spec, "--rounds", "3", *saved, *drawn]
    assert networks.main(command) == 0
    original, default = json.loads(files["a.json"].read_text())["networks"]
    assert (original["name"], default["name"]) == ("original", "default")
    assert original["faster"] == 1
    assert original["parameters"] > default["parameters"] > 0
    assert original["gain"] == 0
    (source,) = default["sources"].values()
    alone = original["sources"]["glyphs#validation"]
    assert source["top1"] - alone["top1"] == pytest.approx(default["gain"])
    assert (source["better"] - source["worse"]) / source["n"] == pytest.approx(default["gain"])
    assert files["a.md"].read_text() == capsys.readouterr().out
    assert all(files[name].stat().st_size > 10_000 for name in ("a.png", "b.png"))


def test_a_class_that_is_no_character_is_never_named(spec: str) -> None:
    (model,) = bundles.open_all(["default"], Path())
    texts = load(ORIGINAL).manifest.texts
    chosen = bundles.columns(model, texts)
    assert len(chosen) == len(texts) == len(model.bundle.manifest.characters[0].labels) - 1
    assert model.bundle.manifest.characters[0].texts[chosen[36]] == "a"


def test_a_lone_file_is_the_network_of_its_bundle(spec: str) -> None:
    (file,) = ORIGINAL.glob("*.tflite")
    bundle, lone = bundles.open_all(["original", f"lone={file}"], Path())
    sources = held_out.load([spec], bundle.bundle.manifest.texts)
    named = [networks.named_right(model, sources, bundle.bundle.manifest.texts) for model in (bundle, lone)]
    assert (named[0][0][0] == named[1][0][0]).all()
    assert lone.facts()["bytes"] == bundle.facts()["bytes"]
    assert lone.facts()["parameters"] is None


def test_what_is_no_network_and_two_of_one_name_are_refused(tmp_path: Path, spec: str, capsys) -> None:
    with pytest.raises(ConfigError, match="NAME=original"):
        bundles.open_all(["original", "original"], tmp_path)
    (tmp_path / "notes.txt").touch()
    assert networks.main([str(tmp_path / "notes.txt"), "--data", spec]) == 2
    assert "notes.txt: expected a bundle" in capsys.readouterr().err


def test_a_network_is_named_by_its_folder_its_file_or_its_run(tmp_path: Path) -> None:
    for place, name in (("wide", "wide"), ("runs/wide/bundle", "wide"), ("networks/open", "open")):
        (tmp_path / place).mkdir(parents=True)
        assert bundles.named_after(tmp_path / place) == name
    for place, name in (("runs/wide/model.keras", "wide"), ("runs/rgb.tflite", "rgb")):
        (tmp_path / place).touch()
        assert bundles.named_after(tmp_path / place) == name
    assert bundles.named_after(shipped()) == "default"


def test_every_round_runs_all_in_changing_order_and_the_first_does_not_count() -> None:
    ran: list[str] = []
    ticks = iter(range(1000))
    taken = cpu_time.in_turns(
        {name: lambda name=name: ran.append(name) for name in "abc"}, 5, lambda: next(ticks)
    )
    assert [len(times) for times in taken.values()] == [5, 5, 5]
    rounds = [tuple(ran[start : start + 3]) for start in range(0, 18, 3)]
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len(set(rounds)) > 1


def test_a_busy_moment_that_meets_both_does_not_change_the_ratio() -> None:
    got = cpu_time.cost([1.0, 5.0, 1.0], [2.0, 10.0, 2.0])
    assert (got["ms"], got["faster"], got["rounds"]) == (1.0, 2.0, 3)


def test_the_mean_counts_every_source_the_same_and_pooled_every_character() -> None:
    few, many = np.array([True, False]), np.ones(98, bool)
    result = networks.compared([(few, few), (many, many)], [(~few, few), (many, many)], ["few", "many"])
    assert result["top1"] == pytest.approx(0.75)
    assert result["pooled"]["top1"] == pytest.approx(0.99)
    assert (result["sources"]["few"]["worse"], result["sources"]["few"]["better"]) == (1, 1)


def test_a_source_is_marked_only_where_chance_hardly_explains_it() -> None:
    right, wrong = np.ones(6, bool), np.zeros(6, bool)
    assert networks.source(wrong, wrong, right)["verdict"] == "worse"
    assert networks.source(right, right, wrong)["verdict"] == "better"
    assert networks.source(wrong[:5], wrong[:5], right[:5])["verdict"] == ""  # p = 2 / 32
    assert networks.by_source(networks.source(wrong, wrong, right)) == "0.0 / 0.0 ↓"


def test_only_networks_that_none_beats_are_joined() -> None:
    assert front([(2, 80), (1, 70), (3, 79), (4, 90), (1, 60), (4, 85)]) == [1, 0, 3]


@given(st.lists(BOOLS, min_size=1, max_size=4))
def test_what_is_gained_lies_in_its_interval_and_turns_its_sign_with_the_order(sources) -> None:
    pairs = [tuple(np.array(column, bool) for column in zip(*rows, strict=True)) for rows in sources]
    points, (low, high) = gained(pairs)
    assert low - 1e-9 <= points <= high + 1e-9
    assert gained([(after, before) for before, after in pairs])[0] == pytest.approx(-points)


def test_the_interval_of_a_gain_is_that_of_resampled_pairs() -> None:
    random = np.random.default_rng(1)
    before, after = random.random(400) < 0.80, random.random(400) < 0.85
    rows = random.integers(400, size=(20_000, 400))
    drawn = (after[rows].astype(int) - before[rows]).mean(axis=1)
    assert gained([(before, after)])[1] == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.004)


@given(st.lists(st.sampled_from(["", "ann", "bob", "cem"]), min_size=2, max_size=80))
def test_halves_keep_a_writer_together_and_none_is_empty(groups: list[str]) -> None:
    half = held_out.halves(groups)
    assert set(half.tolist()) == {0, 1}
    if len(set(groups)) > 1:
        for writer in set(groups) - {""}:
            assert len({h for h, group in zip(half.tolist(), groups, strict=True) if group == writer}) == 1


def test_the_pictures_are_drawn_from_a_file(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="Matplotlib draws it")
    source = {"n": 9, "top1": 0.8, "interval": [0.5, 0.9]}
    both = [
        {"name": name, "kind": "x int8", "ms": ms, "top1": 0.8, "pooled": {"n": 9}, "sources": {"a": source}}
        for name, ms in (("slow", 2), ("fast", 1))
    ]
    (tmp_path / "in.json").write_text(json.dumps({"networks": both}))
    for kind in ("networks", "network-sources"):
        out = tmp_path / f"{kind}.png"
        assert draw.main([kind, str(tmp_path / "in.json"), "--out", str(out)]) == 0
        assert out.stat().st_size > 5_000
