"""The line stage on the device, with a network that reads coloured bars: ``hand_made_line``."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_edge.bundles import load as bundles
from ocr_edge.bundles import selftest
from ocr_edge.bundles.installed import Installed
from ocr_edge.cli import main
from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.preprocess import fill, strip
from ocr_edge.contract.quantize import log_softmax
from ocr_edge.decode import ctc
from ocr_edge.errors import ModelError
from ocr_edge.recognize import interpreter
from ocr_edge.recognize.characters import Recognizer
from ocr_edge.recognize.cuts import pieces
from ocr_edge.recognize.interpreter import Network, Widths
from ocr_edge.recognize.lines import LineRecognizer, run, without_marks_on_paper
from tests.edge import hand_made_line
from tests.edge.hand_made_line import FILE, WIDTHS, bars, logits


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory):
    return LineRecognizer(bundles.load(hand_made_line.write(tmp_path_factory.mktemp("b") / "bars")))


def text(recognizer, posteriors):
    return "".join(recognizer.labels[index] for index in ctc.greedy(posteriors.scores)[0])


def changed(folder, **changes):
    """Rewrite keys of a bundle's manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return folder


@pytest.mark.parametrize("width", [64, 96, 128, 192, 320, 480])
def test_one_file_serves_every_width(width):
    network = Network(FILE, width=width)
    rgb, binary = fill(*bars("rgb"), width)
    found = run(network, rgb, binary)
    assert (network.shape, found.shape) == ((width // 4, 4), (width // 4, 4))
    assert found == pytest.approx(logits(rgb, binary), abs=2 * network.output.scale)


def test_a_float_network_is_read_too():
    class Told:
        output = None

        def run(self, inputs):
            assert {name: (value.dtype.name, value.shape) for name, value in inputs.items()} == {
                "rgb": ("float32", (1, 32, 72, 3)),
                "binary": ("float32", (1, 32, 72, 1)),
            }
            return logits(inputs["rgb"][0], inputs["binary"][0])[
                None
            ]  # a height of one left in front of time

    assert np.array_equal(run(Told(), *bars("rgbb")), logits(*bars("rgbb")))


def test_an_interpreter_is_made_once_for_each_width_that_is_asked_for():
    widths = Widths(FILE, WIDTHS)
    assert [widths.holding(columns)[0] for columns in (1, 64, 65, 320)] == [64, 64, 128, 320]
    assert widths.holding(64)[1] is widths.holding(3)[1]
    with pytest.raises(ValueError, match="321 columns: the widest input has 320"):
        widths.holding(321)


def test_a_network_with_a_fixed_shape_is_refused_with_its_width():
    bundle = bundles.shipped("original")
    (stage,) = manifests.decode((bundle / "manifest.json").read_bytes()).stages
    with pytest.raises(ModelError, match="does not run at a width of 128") as caught:
        Network(bundle / stage.file, width=128)
    assert "\n" not in str(caught.value)


def test_a_wrong_input_is_a_model_error_of_one_line():
    network = Network(FILE, width=64)
    with pytest.raises(ModelError, match="failed while running") as caught:
        network.run({"rgb": np.zeros((1, 32, 60, 3), np.int8), "binary": np.zeros((1, 32, 60, 1), np.int8)})
    assert "\n" not in str(caught.value)


def test_a_crop_of_any_size_is_read(recognizer):
    rgb, _ = bars("rgbbg")
    for scale in (1, 2, 3):
        found = recognizer.recognize(rgb.repeat(scale, axis=0).repeat(scale, axis=1))
        assert text(recognizer, found) == "rgbbg"
        assert (found.rgb.shape, found.binary.shape) == ((32, 88, 3), (32, 88, 1))
        assert found.scores.shape == (22, 4)
        assert found.scores.dtype == np.float32


@pytest.mark.parametrize("columns", [1, 3, 4, 5, 63, 64, 65, 128, 319, 320])
def test_rows_stand_for_four_columns_each_and_sum_to_one(recognizer, columns):
    rgb, binary = (image[:, :columns] for image in bars("rgb" * 7))
    scores = recognizer.recognize_strip(rgb, binary).scores
    assert scores.shape == (-(-columns // 4), 4)
    assert np.exp(scores).sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_what_lies_beyond_the_strip_does_not_count(recognizer):
    rgb, binary = bars("rg")
    narrow, wide = (recognizer.recognize_strip(*fill(rgb, binary, width)).scores for width in (40, 300))
    assert np.array_equal(narrow, wide[:10])


def test_the_temperature_is_that_of_the_manifest(tmp_path):
    path = hand_made_line.write(tmp_path / "bars", temperature=4.0)
    warm = LineRecognizer(bundles.load(path)).recognize_strip(*bars("rgb"))
    assert warm.scores == pytest.approx(log_softmax(logits(*bars("rgb")), 4.0), abs=0.1)


def test_a_strip_wider_than_the_widest_is_read_as_if_it_were_not(recognizer):
    said = "rgbbgr" * 16
    rgb, binary = bars(said)
    found = recognizer.recognize_strip(rgb, binary)
    assert rgb.shape[1] == 8 + 96 * 16 > 4 * WIDTHS[-1]
    assert text(recognizer, found) == said
    # The steps are where they would be in one piece: every row stands for its own four columns.
    assert found.scores == pytest.approx(log_softmax(logits(rgb, binary)), abs=0.3)


def test_without_gaps_each_piece_answers_up_to_the_middle(recognizer):
    rgb, binary = bars("rgb" * 60, gap=0, left=0)
    assert binary.all()
    found = recognizer.recognize_strip(rgb, binary)
    assert text(recognizer, found) == "rgb" * 60


def test_cuts_lie_where_wide_gaps_begin_and_both_pieces_see_beyond_them():
    _, binary = bars("rgbrg r" * 20, width=16, gap=4)
    cut = pieces(binary, 320)
    assert len(cut) > 5
    for before, after in itertools.pairwise(cut):
        assert not binary[:, before.end : before.end + 8].any()
        assert binary[:, before.end - 8 : before.end].any()
        assert after.left == before.end - 32
        assert before.right == min(before.end + 32, binary.shape[1])


def test_a_mark_is_heard_on_ink_and_not_on_paper_beyond_it():
    binary = np.zeros((32, 40, 1), np.uint8)
    binary[10:20, 16:24] = 255
    scores = np.log(np.full((10, 3), 1 / 3, np.float32))  # a letter, a mark, the blank
    found = np.exp(without_marks_on_paper(scores, binary, np.array([1])))
    inside = slice(3, 7)
    assert np.array_equal(found[inside], np.exp(scores)[inside])
    for outside in (found[:3], found[7:]):
        assert np.allclose(outside, [1 / 3, 0, 2 / 3], atol=1e-6)
    assert np.allclose(found.sum(axis=1), 1)
    nothing = without_marks_on_paper(scores, np.zeros_like(binary), np.array([1]))
    assert np.array_equal(nothing, scores)


def test_a_mark_between_letters_that_are_heard_needs_no_ink():
    binary = np.zeros((32, 40, 1), np.uint8)
    binary[10:20, 32:40] = 255
    scores = np.log(np.tile(np.array([0.1, 0.3, 0.6], np.float32), (10, 1)))  # a letter, a mark, the blank
    scores[3] = np.log([0.9, 0.05, 0.05])
    found = np.exp(without_marks_on_paper(scores, binary, np.array([1])))
    assert np.allclose(found[:3, 1], 0, atol=1e-6)
    assert np.array_equal(found[3:], np.exp(scores)[3:])


@settings(max_examples=200)
@given(
    st.integers(1, 3000), st.sampled_from([4, 8, 64, 320, 480]), st.integers(0, 2**32 - 1), st.floats(0, 1)
)
def test_pieces_cover_a_strip_without_overlap_and_fit_the_network(columns, widest, seed, ink):
    random = np.random.default_rng(seed)
    binary = (random.random((1, columns, 1)) < ink).repeat(32, axis=0).astype(np.uint8) * 255
    found = pieces(binary, widest)
    assert [piece.start for piece in found] == [0, *(piece.end for piece in found[:-1])]
    assert found[-1].end == columns
    for piece in found:
        assert 0 <= piece.left <= piece.start < piece.end <= piece.right <= columns
        assert piece.right - piece.left <= widest
        assert piece.left % 4 == piece.start % 4 == 0
    assert len(found) <= max(1, -(-columns * 4 // widest))


def test_a_strip_is_what_the_contract_makes_of_a_crop(recognizer):
    crop = np.random.default_rng(0).integers(0, 256, (45, 210, 3), np.uint8)
    found = recognizer.recognize(crop)
    assert all(np.array_equal(a, b) for a, b in zip((found.rgb, found.binary), strip(crop), strict=True))


def test_a_bundle_of_lines_only_has_no_characters(recognizer, tmp_path):
    bundle = bundles.load(hand_made_line.write(tmp_path / "bars"))
    assert (bundle.networks, len(bundle.lines), bundle.runtime) == ((), 1, Network(FILE).runtime)
    with pytest.raises(ModelError, match="no stage that names characters"):
        Recognizer(bundle)
    with pytest.raises(ModelError, match="no stage that reads lines"):
        LineRecognizer(bundles.load(bundles.shipped("fast")))


def test_a_bundle_of_both_reads_with_both(tmp_path):
    path = hand_made_line.write(tmp_path / "both", characters=bundles.shipped("fast"))
    bundle = bundles.load(path)
    assert [stage.kind for stage in bundle.manifest.stages] == ["line", "character"]
    assert (len(bundle.networks), len(bundle.lines)) == (1, 1)
    assert Recognizer(bundle).labels == bundles.load(bundles.shipped("fast")).manifest.texts
    assert bundle.manifest.texts[:5] == ("r", "g", "b", "0", "1")
    assert selftest.prove(bundle) == (51, 51)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["r", "g"], "blank": 2}, r"has 4 outputs, the manifest names 2 labels and a blank"),
        (
            {"inputs": {"rgb": [48, 0, 3], "binary": [48, 0, 1]}},
            r"input rgb is \(48, 0, 3\), expected \(32, 0, 3\)",
        ),
        ({"quantization": "float32"}, "its output is not float32, as the manifest says"),
        ({"widths": [66]}, "multiples of 4"),
        ({"sha256": "0" * 64}, "line.tflite is damaged"),
    ],
)
def test_a_line_stage_that_is_not_what_the_manifest_says_is_refused(change, message, tmp_path):
    path = hand_made_line.write(tmp_path / "bars", **change)
    with pytest.raises(ModelError, match=message) as caught:
        bundles.load(path)
    assert "\n" not in str(caught.value)


def test_a_network_that_fails_at_its_widest_is_refused_when_it_is_loaded(tmp_path, monkeypatch):
    resize = interpreter._resize

    def narrow(made, height, width):
        if width > WIDTHS[0]:
            raise RuntimeError("tensors do not fit\nnode 7")
        resize(made, height, width)

    monkeypatch.setattr(interpreter, "_resize", narrow)
    with pytest.raises(ModelError, match=r"does not run at a width of 320 \(tensors do not fit\)") as caught:
        bundles.load(hand_made_line.write(tmp_path / "bars"))
    assert "\n" not in str(caught.value)


def test_a_network_whose_output_does_not_grow_with_its_width_is_refused(tmp_path, monkeypatch):
    class Stuck(Network):
        def __init__(self, *given, **named):
            super().__init__(*given, **named)
            self.shape = (16, 4)

    monkeypatch.setattr(interpreter, "Network", Stuck)
    with pytest.raises(ModelError, match=r"its output is \(16, 4\), expected \(80, 4\)"):
        bundles.load(hand_made_line.write(tmp_path / "bars"))


def test_a_character_network_is_no_line_stage(tmp_path):
    fast = bundles.shipped("fast")
    (stage,) = json.loads((fast / "manifest.json").read_text())["stages"]
    path = hand_made_line.write(tmp_path / "bars", sha256=stage["sha256"])
    (path / "line.tflite").write_bytes((fast / stage["file"]).read_bytes())
    with pytest.raises(ModelError) as caught:
        bundles.load(path)
    assert "\n" not in str(caught.value)


def test_the_self_test_reads_its_lines(tmp_path):
    assert selftest.prove(bundles.load(hand_made_line.write(tmp_path / "bars"))) == (3, 3)


def test_a_bundle_that_misreads_its_own_lines_is_refused(tmp_path):
    path = hand_made_line.write(tmp_path / "bars", labels=["g", "r", "b"])
    with pytest.raises(ModelError, match="self-test failed: 3 of 3 lines got another text"):
        selftest.prove(bundles.load(path))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("line_widths", np.array([1, 2]), "line_widths: expected 3 whole numbers"),
        ("line_widths", np.array([1, 2, 3.5]), "line_widths: expected 3 whole numbers"),
        ("line_widths", np.array([1, 0, 3]), "from 1 to 72"),
        ("line_widths", np.array([1, 73, 3]), "from 1 to 72"),
        ("line_rgb", np.zeros((3, 32, 72, 3)), "line_rgb is float64"),
        ("line_rgb", np.zeros(3, np.uint8), "line_rgb is uint8"),
        ("line_binary", np.zeros((3, 28, 72, 1), np.uint8), r"expected uint8 \(3, 32, 72, 1\)"),
        ("line_texts", np.array([], str), "expected uint8"),
        ("line_texts", np.array("rgb"), "line_texts: expected a row of texts"),
        ("line_texts", np.arange(3), "line_texts: expected a row of texts"),
        ("line_texts", None, "line_texts"),
    ],
)
def test_a_self_test_that_does_not_fit_is_one_line(name, value, message, tmp_path):
    path = hand_made_line.write(tmp_path / "bars")
    with np.load(path / "selftest.npz") as arrays:
        content = {**arrays, name: value}
    np.savez(path / "selftest.npz", **{key: value for key, value in content.items() if value is not None})
    changed(path, files={})
    with pytest.raises(ModelError, match=message) as caught:
        selftest.prove(bundles.load(path))
    assert "\n" not in str(caught.value)


def test_a_line_bundle_is_installed_listed_and_verified(tmp_path, capsys):
    path = hand_made_line.write(tmp_path / "bars")
    state = ["--state-dir", str(tmp_path / "state")]
    assert main(["bundle", "install", str(path), *state]) == 0
    bundle, lines = Installed(tmp_path / "state").open_active()
    assert (bundle.manifest.name, lines) == ("bars", [])
    capsys.readouterr()
    assert main(["bundle", "list", *state]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:4] == [
        "active",
        bundle.path.name,
        "2026-01-01",
        "3",
    ]
    assert main(["bundle", "verify", "active", *state]) == 0
    assert "3 of 3 test pictures are read as they must be" in capsys.readouterr().out
