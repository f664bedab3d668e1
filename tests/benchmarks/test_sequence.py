"""Networks in sequence: the sweep says what the device would say, and thresholds are not judged by what chose them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sequence
from lib.networks import naming, sequences
from lib.networks.sequences import GRID, MOST, Levels, Parts, best, choices, combined, grid, last_stage
from ocr_edge.bundles.load import Bundle, load, self_test, shipped
from ocr_edge.contract.manifest import Manifest
from ocr_edge.contract.quantize import log_softmax
from ocr_edge.contract.stage import Stage
from ocr_edge.contract.types import Glyph
from ocr_edge.recognize.characters import Recognizer
from ocr_train.datasets import Sample, tar

LABELS = ("0", "1", "2", "reject")


class Table:
    """A float network that looks the logits of a glyph up by its first pixel."""

    output = None

    def __init__(self, logits: np.ndarray) -> None:
        self.logits = logits

    def run(self, inputs):
        return self.logits[int(inputs["rgb"][0, 0, 0, 0])]


def device_says(logits, thresholds, combine) -> np.ndarray:
    """Scores of the device's own recogniser for stages with these logits and temperatures 1, 2 and so on."""
    stages = tuple(
        Stage(
            kind="character",
            file=f"{index}.tflite",
            sha256="",
            architecture="x",
            parameters=1,
            macs=1,
            quantization="float32",
            labels=LABELS,
            inputs={"rgb": (1, 1, 3), "binary": (1, 1, 1)},
            reject=3,
            temperature=index + 1.0,
            escalate_below=limit,
        )
        for index, limit in enumerate((*thresholds, None))
    )
    manifest = Manifest(
        schema=2,
        name="x",
        created="",
        preprocess="1",
        stages=stages,
        combine=combine,
    )
    rgb = [np.full((1, 1, 3), index, np.uint8) for index in range(len(logits[0]))]
    bundle = Bundle(Path(), manifest, tuple(Table(one) for one in logits))
    return Recognizer(bundle).recognize_inputs(rgb, [image[..., :1] for image in rgb])


@settings(max_examples=40)
@given(
    st.integers(0, 1000),
    st.lists(st.sampled_from((0.0, 0.4, 0.6, 0.8, 0.95, 1.0)), min_size=1, max_size=3),
    st.sampled_from(("replace", "mean")),
)
def test_what_a_sequence_would_say_is_what_the_device_says(seed: int, thresholds, combine) -> None:
    random = np.random.default_rng(seed)
    logits = [random.normal(0, 3, (50, len(LABELS))).astype(np.float32) for _ in (*thresholds, None)]
    scores = [log_softmax(one, index + 1.0) for index, one in enumerate(logits)]
    after = np.stack(combined(scores, combine))
    last = last_stage(after.max(axis=2), tuple(thresholds))
    assert after[last, np.arange(50), :3] == pytest.approx(device_says(logits, thresholds, combine), abs=1e-5)


def test_a_class_that_a_network_lacks_has_no_probability_from_it() -> None:
    scores = [
        np.log(np.array([[0.2, 0.1, 0.7]], np.float32)),
        np.array([[-0.6931, -0.6931, -np.inf]], np.float32),
    ]
    assert np.exp(combined(scores, "mean")[1]) == pytest.approx(np.array([[0.35, 0.3, 0.35]]), abs=1e-4)
    assert np.exp(combined(scores, "replace")[1]) == pytest.approx(np.array([[0.5, 0.5, 0]]), abs=1e-4)


def levels(sure: list[list[float]], right: list[list[int]]) -> Levels:
    return Levels(np.log(np.array(sure, np.float32)), np.array(right, bool))


def test_time_is_that_of_the_first_and_of_the_next_for_those_that_go_on() -> None:
    level = levels([[0.9, 0.5, 0.5, 0.9]] * 2, [[1, 0, 0, 0], [1, 1, 1, 0]])
    parts = Parts(np.zeros(4, np.int64), np.array([0, 0, 1, 1]))
    nothing, some = choices({"replace": level}, [1.0, 10.0], parts, [(0.0,), (0.6,)])
    assert nothing.ms.tolist() == [[1], [1]]
    assert some.ms.tolist() == [[6], [6]]
    assert (nothing.right.mean(), some.right.mean()) == (0.25, 0.75)


def test_the_most_accurate_within_a_budget_is_chosen_and_of_equals_the_cheapest() -> None:
    right = [[1, 0, 0, 0], [1, 1, 1, 0]]
    parts = Parts(np.zeros(4, np.int64), np.array([0, 0, 1, 1]))
    found = choices({"replace": levels([[0.9, 0.57, 0.57, 0.95]] * 2, right)}, [1, 10], parts, list(grid(2)))
    assert best(found, 0.5, (0, 1)) is None
    assert best(found, 1, (0, 1)).thresholds == (0.0,)
    assert best(found, 6, (0, 1)).thresholds == best(found, math.inf, (0, 1)).thresholds == (0.6,)


@pytest.mark.parametrize("stages", [2, 3, 4, 5])
def test_thresholds_to_try_are_many_but_not_too_many(stages: int) -> None:
    tried = list(grid(stages))
    assert len(GRID) <= len(tried) <= MOST
    assert (0.0,) * (stages - 1) in tried


def test_choosing_by_luck_gains_nothing_on_the_other_half() -> None:
    """Two networks that are right by chance: whatever looks best on one half is no better on the other."""
    random = np.random.default_rng(3)
    n = 4000
    right, sure = random.random((2, n)) < 0.5, np.log(random.random((2, n))).astype(np.float32)
    parts = Parts(np.zeros(n, np.int64), random.integers(2, size=n))
    alone = {"a": right[0], "b": right[1]}
    both = {"replace": Levels(sure, right), "mean": Levels(sure, right)}
    named = naming.Named({"a": 1.0, "b": 1.0}, alone, both, ("a", "b"), parts)
    *_, row = sequence.measure(named)["at_cost"]
    low, high = row["gain_interval"]
    assert low < 0 < high


def test_the_sequence_that_is_right_where_the_first_is_unsure_wins() -> None:
    sure = np.log(np.array([[0.57, 0.97] * 500, [0.9] * 1000], np.float32))
    right = np.array([[False, True] * 500, [True, False] * 500])
    parts = Parts(np.zeros(1000, np.int64), np.arange(1000) // 2 % 2)
    alone = {"a": right[0], "b": right[1]}
    both = {"replace": Levels(sure, right), "mean": Levels(sure, right)}
    result = sequence.measure(naming.Named({"a": 1.0, "b": 2.0}, alone, both, ("a", "b"), parts))
    rows = {row["name"]: row for row in result["at_cost"]}
    assert rows["a"]["gain"] == 0
    assert rows["b"]["gain"] == pytest.approx(0.5)
    assert rows["b"]["thresholds"] == [0.6]
    assert rows["b"]["ms"] == pytest.approx(2.0)
    assert "replace, 0.6" in sequence.formatted(result, "#validation")


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = self_test(load(shipped().parent / "original"))
    samples = [
        Sample(Glyph(rgb), int(label)) for rgb, label in zip(found.inputs["rgb"], found.labels, strict=True)
    ]
    path = tmp_path_factory.mktemp("data") / "glyphs.tar"
    tar.save(path, samples)
    return f"tar:{path}"


def test_shipped_bundles_run_in_sequence_although_only_one_knows_what_is_no_character(
    spec: str, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib", reason="Matplotlib draws it")
    out, picture = tmp_path / "out.json", tmp_path / "out.png"
    saved = ["--json", str(out), "--picture", str(picture)]
    assert sequence.main(["fast", "original", "--data", spec, "--rounds", "3", *saved]) == 0
    result = json.loads(out.read_text())
    assert result["stages"] == ["fast", "original"]
    assert len(result["line"]) == len(GRID) * len(naming.COMBINES)
    first, replaced = result["line"][0], result["line"][len(GRID) - 1]
    alone = {one["name"]: one for one in result["alone"]}
    assert first["top1"] == alone["fast"]["top1"]
    assert first["ms"] == pytest.approx(alone["fast"]["ms"])
    assert replaced["ms"] <= alone["fast"]["ms"] + alone["original"]["ms"] + 1e-9
    assert picture.stat().st_size > 10_000


def test_one_network_is_no_sequence(spec: str, capsys) -> None:
    assert sequence.main(["original", "--data", spec]) == 2
    assert "two networks or more" in capsys.readouterr().err


def test_a_threshold_of_zero_lets_nothing_go_on_and_one_all_that_are_not_certain() -> None:
    sure = np.log(np.array([[1e-5, 0.5, 0.9999999]] * 2, np.float32))
    assert last_stage(sure, (0.0,)).tolist() == [0, 0, 0]
    assert last_stage(sure, (1.0,)).tolist() == [1, 1, 1]
    assert sequences.GRID[0] == 0
