"""The line stage alone: what of a set's truth counts, agreement of two networks, and what a strip costs."""

import cv2
import numpy as np
import pytest
from tests.edge import hand_made_line
from tests.edge.hand_made_line import WIDTHS, bars

import line_stage
from line_stage import ALL, compared, costs, kept, likeliest, limited, main, on_device, set_rows, width_rows
from ocr_edge.bundles.load import load
from ocr_edge.recognize.lines import LineRecognizer
from ocr_train.datasets.words import LineSample, LineSet

LABELS = (*"rgb", " ", ".")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return hand_made_line.write(tmp_path_factory.mktemp("b") / "bars")


def line_set(*texts: str, name: str = "bars", case: bool = True, marks: bool = True) -> LineSet:
    return LineSet(name, [LineSample(bars("rgb")[0], text) for text in texts], case, marks)


def says(*texts: str):
    return lambda images: list(texts[: len(images)])


def test_the_device_reads_lines_with_the_bundles_own_stage(folder):
    read = on_device(LineRecognizer(load(folder)))
    assert read([bars("rgb")[0], bars("ggb")[0]]) == ["rgb", "ggb"]


def test_the_likeliest_way_says_a_label_once_unless_a_blank_stands_between():
    scores = np.eye(4, dtype=np.float32)[[0, 0, 3, 0, 1]]
    assert likeliest(scores, "rgb") == "rrg"


def test_only_what_a_truth_tells_counts():
    assert kept("R g.", line_set(), LABELS) == "R g."
    assert kept("r g.", line_set(marks=False), LABELS) == "rg"
    assert kept("r g.", line_set(case=False), LABELS) == kept("R G.", line_set(case=False), LABELS)


def test_networks_are_compared_by_errors_and_by_whether_they_say_the_same():
    lines = line_set("rgb", "gg", marks=False)
    readers = {"int8": says("rgb", "gb"), "float": says("rg.b", "gg")}
    first, second = compared([lines], readers, LABELS)
    assert (first.score.cer, first.score.rate, first.same) == (1 / 5, 0.5, 2)
    assert (second.score.cer, second.score.rate, second.same) == (0.0, 1.0, 0)
    assert [row[-2] for row in set_rows([first, second])] == ["-", "0.0 %"]


def test_sets_are_pooled_line_by_line():
    sets = [line_set("rgb", "r"), line_set("b", name="more")]
    found = compared(sets, {"int8": says("rgb", "r")}, LABELS)
    assert [(one.lines, one.score.n, one.score.rate) for one in found] == [
        ("bars", 2, 1.0),
        ("more", 1, 0.0),
        (ALL, 3, 2 / 3),
    ]


def test_a_limit_is_spread_over_the_set():
    assert [s.text for s in limited(line_set(*"abcd"), 2).samples] == ["a", "c"]
    assert len(limited(line_set(*"abcd"), 0).samples) == 4


def test_every_width_is_timed_and_costs_in_proportion(folder):
    found = costs(load(folder), 3)
    assert [one["width"] for one in found] == list(WIDTHS)
    assert all(len(one["ms"]) == 3 and min(one["ms"]) >= 0 for one in found)
    assert found[1]["mmacs"] == pytest.approx(1000 / 1e6)
    assert found[2]["mmacs"] / found[1]["mmacs"] == WIDTHS[2] / WIDTHS[1]
    assert [row[0] for row in width_rows(found)] == [f"32x{width}" for width in WIDTHS]


def test_a_bundle_without_a_line_stage_is_refused_in_one_line(capsys):
    assert main(["--bundle", "original"]) == line_stage.USAGE
    assert "line" in capsys.readouterr().err


def test_the_command_prints_errors_and_times(folder, tmp_path, capsys):
    pictures = tmp_path / "lines"
    pictures.mkdir()
    for text in ("rgb", "bgr"):
        cv2.imwrite(str(pictures / f"{text}.png"), bars(text)[0][..., ::-1])
    command = [f"words:{pictures}", "--bundle", str(folder), "--repetitions", "2"]
    assert main([*command, "--json", str(tmp_path / "out.json")]) == 0
    shown = capsys.readouterr().out
    assert "100.0 %" in shown
    assert "32x128" in shown
    assert (tmp_path / "out.json").is_file()
