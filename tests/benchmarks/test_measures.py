"""What is made of readings: precision and coverage, case, ratios of times, budgets, points of a picture."""

import json
import math
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import draw
from case import SHARED, TWINS, Share, cased, count, named, same_but_for_twins, twins
from confidence import ENOUGH, at, choose, fine_thresholds, judge_of, splits_of
from hostile import BUDGET_MIB, BUDGET_S, Cost
from lib import line_claims
from lib.drawn import adversaries
from lib.our_lines import MissingSwitchError, Said, check_switches
from lib.picture_sets import SETS, Example, Rules
from lib.plots import accuracy_time
from lib.scoring import NOT_READ
from lib.set_results import COLUMNS, Run, ratio_columns, ratios, rows, summary, without_empty
from lib.systems.ours import reader_switch, said_line
from lib.systems.processes import Answer
from ocr_edge.contract.types import Box
from ocr_edge.reading import Character, Line

LABELS = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
WORD, PLATE = SETS["iiit5k_words"], SETS["openalpr_us_plate_crops"]
WORDS = st.text("cCoO0lI1ab", max_size=6)


def said(truth: str, *lines: tuple[str, float]) -> Said:
    return Said("a.png", truth, lines)


def judges(count: int, wrong: int, confidence: float):
    """So many readings of one confidence, of which some are wrong."""
    return [
        judge_of(said("ab", ("xy" if i < wrong else "ab", confidence)), WORD, LABELS) for i in range(count)
    ]


def test_a_threshold_leaves_out_lines_and_what_is_left_is_judged() -> None:
    reading = said("AB12", ("AB12", 0.9), ("OHIO", 0.6))
    assert reading.right(0.5, WORD, LABELS) is False
    assert reading.right(0.8, WORD, LABELS) is True
    assert reading.right(0.95, WORD, LABELS) is None
    assert reading.right(0.5, PLATE, LABELS) is True


def test_a_line_with_an_unreadable_character_is_no_claim() -> None:
    assert said("AB12", (f"AB{NOT_READ}12", 0.9)).right(0.0, WORD, LABELS) is None


def character(text: str, likeliest: str, *, space: bool = False) -> Character:
    return Character(text, 0.5, Box(0, 0, 1, 1), ((likeliest, 0.5),), space_before=space)


def test_a_question_mark_that_was_read_is_none_that_could_not_be_read() -> None:
    line = Line((character("a", "a"), character("?", "b"), character("?", "?", space=True)))
    assert said_line(line) == f"a{NOT_READ} ?"


def test_only_a_reader_of_ones_choice_is_a_keyword() -> None:
    assert reader_switch("auto") == {}
    assert reader_switch("line") == {"reader": "line"}


def test_precision_is_of_what_is_said_and_coverage_of_all() -> None:
    point = at(judges(6, 1, 0.9) + judges(4, 4, 0.3), 0.5)
    assert (point.n, point.said, point.right) == (10, 6, 5)
    assert point.precision == pytest.approx(5 / 6)
    assert point.coverage == pytest.approx(0.6)
    assert point.precision_interval[0] < 5 / 6 < point.precision_interval[1]


def test_nothing_said_has_no_precision() -> None:
    assert math.isnan(at(judges(3, 0, 0.2), 0.5).precision)
    assert math.isnan(at([], 0.5).coverage)


def test_the_lowest_threshold_that_is_precise_enough_is_chosen() -> None:
    pictures = judges(50, 25, 0.6) + judges(50, 1, 0.95)
    assert choose(pictures, (0.5, 0.7, 0.9), 0.98) == 0.7
    assert choose(pictures, (0.5, 0.7, 0.9), 0.5) == 0.5
    assert choose(pictures, (0.5, 0.7, 0.9), 0.995) is None


def test_no_threshold_is_chosen_by_a_handful_of_readings() -> None:
    assert choose(judges(ENOUGH - 1, 0, 0.99), (0.5,), 0.9) is None
    assert choose(judges(ENOUGH, 0, 0.99), (0.5,), 0.9) == 0.5


def test_thresholds_rise_and_are_closest_where_readings_are_sure() -> None:
    thresholds = fine_thresholds()
    assert thresholds == sorted(set(thresholds))
    assert thresholds[0] == 0
    assert 0.99 < thresholds[-1] < 1
    assert sum(t > 0.99 for t in thresholds) > 10


def test_case_is_counted_only_in_words_that_are_right_but_for_case() -> None:
    assert cased("Cox", "coX") == Share(1, 3)
    assert cased("Cox", "Cax") == cased("Cox", "Co") == Share(0, 0)
    assert cased("Bad", "bAD") == Share(0, 0)


def test_twins_are_counted_only_in_words_that_are_right_but_for_twins() -> None:
    assert twins("lOl0", "1O10", TWINS["0 O o"]) == Share(2, 2)
    assert twins("lOl0", "1O10", TWINS["1 I l i"]) == Share(0, 2)
    assert twins("lOl0", "1Ox0", TWINS["0 O o"]) == Share(0, 0)


def test_classes_are_counted_wherever_as_many_characters_were_said() -> None:
    assert named("abc", "abd") == Share(2, 3)
    assert named("abc", "ab") == Share(0, 0)


@given(WORDS, WORDS)
def test_no_share_is_above_one_and_what_is_right_is_right_in_all(truth: str, heard: str) -> None:
    for share in count([(truth, heard)]).values():
        assert 0 <= share.right <= share.n
    for share in count([(truth, truth)]).values():
        assert share.right == share.n
    assert same_but_for_twins(truth, heard) == same_but_for_twins(heard, truth)


def test_letters_of_one_shape_come_in_both_cases() -> None:
    assert {letter.swapcase() for letter in SHARED} == SHARED


def test_a_switch_that_the_pipeline_lacks_is_named() -> None:
    check_switches({"context": False})
    with pytest.raises(MissingSwitchError, match="'nonsense'"):
        check_switches({"nonsense": True})


def result_of(rules: Rules, **systems: list[float]) -> dict:
    """A set as pictures.py saves it, with each system's milliseconds per picture."""
    score = {
        "n": 2,
        "rate": 0.5,
        "interval": [0.1, 0.9],
        "cer": 0.2,
        "cer_interval": [0.1, 1.3],
        "said_per_truth": 1,
    }
    fields = ("layout", "measure", "ignore_case", "split", "ordered", "pattern")
    return {
        "set": "x",
        "rules": {field: getattr(rules, field) for field in fields},
        "systems": [
            {
                "system": name.replace("_", "-"),
                "score": score,
                "pictures": [{"file": str(i), "ms": ms} for i, ms in enumerate(times)],
            }
            for name, times in systems.items()
        ],
    }


def test_ratios_are_medians_over_the_same_pictures() -> None:
    result = result_of(WORD, ocr_edge=[10, 20, 10], rapidocr=[100, 20, 30])
    assert ratios(result, "ocr-edge", ["rapidocr", "tesseract"]) == [["x", "ocr-edge", "3.0", "-"]]
    assert len(ratio_columns(["rapidocr", "tesseract"])) == 4


def test_a_words_mark_is_its_share_and_a_pages_mark_one_less_its_error_rate() -> None:
    word = accuracy_time.marks(result_of(WORD, ocr_edge=[1, 2, 9]))[0]
    assert (word.ms, word.right, word.interval) == (2, 0.5, (0.1, 0.9))
    page = accuracy_time.marks(result_of(SETS["unlv_aspose"], ocr_edge=[1, 2, 9]))[0]
    assert page.right == pytest.approx(0.8)
    assert page.interval == pytest.approx((0.0, 0.9))


def test_of_a_set_in_several_files_the_last_is_taken() -> None:
    files = [{"sets": [{"set": "a", "n": 1}, {"set": "b", "n": 1}]}, {"sets": [{"set": "a", "n": 2}]}]
    assert [(r["set"], r["n"]) for r in accuracy_time.together(files)] == [("a", 2), ("b", 1)]


def test_the_picture_of_accuracy_and_time_is_drawn_from_files(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="Matplotlib draws it")
    files = [tmp_path / name for name in ("one.json", "other.json")]
    for file in files:
        result = result_of(WORD, ocr_edge=[1, 2], rapidocr=[20, 30]) | {"set": file.stem}
        file.write_text(json.dumps({"sets": [result]}))
    out = tmp_path / "out.png"
    assert draw.main(["accuracy-time", *map(str, files), "--out", str(out)]) == 0
    image = cv2.imread(str(out))
    assert image.shape[1] == 1800
    assert len(np.unique(image)) > 20


def test_what_a_picture_is_not_drawn_from_is_refused_in_one_line(tmp_path: Path, capsys) -> None:
    file, out = tmp_path / "in.json", ["--out", str(tmp_path / "out.png")]
    file.write_text("{}")
    assert draw.main(["coverage", str(file), *out]) == draw.USAGE
    assert (
        capsys.readouterr().err == f"draw.py: {file}: not what coverage is drawn from: KeyError('groups')\n"
    )
    assert draw.main(["coverage", str(tmp_path / "none.json"), *out]) == draw.USAGE
    assert "No such file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        draw.main(["sequence", str(file), str(file), *out])
    assert "sequence: is drawn from one file, found 2" in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


def test_a_cost_is_within_its_budget_or_not_and_the_pictures_own_memory_does_not_count() -> None:
    picture_mib = 3 * 1000 * 1000 / 2**20
    fine = Cost("x", (1000, 1000), BUDGET_S / 2, BUDGET_MIB + picture_mib - 1, "", "")
    assert fine.is_within
    assert not Cost("x", (1000, 1000), BUDGET_S / 2, BUDGET_MIB + picture_mib + 1, "", "").is_within
    assert not Cost("x", (1000, 1000), BUDGET_S * 1.1, 100, "", "").is_within
    assert not Cost("x", (1000, 1000), 0.1, 100, "", "crashed").is_within
    assert not Cost("x", (1000, 1000), BUDGET_S, math.nan, "", "its process ended").is_within
    assert Cost("x", (10_000, 10_000), 1.0, 600, "", "").is_within


@pytest.mark.parametrize("kind", ["dot", "square", "glyph"])
def test_as_many_specks_are_drawn_as_asked_for_and_they_do_not_touch(kind: str) -> None:
    ink = (adversaries.specks(500, kind, (300, 400))[:, :, 0] < 128).astype(np.uint8)
    found = cv2.connectedComponents(ink, connectivity=8)[0] - 1
    assert found >= 500 if kind == "glyph" else found == 500


def test_a_tiled_picture_has_the_size_asked_for() -> None:
    tile = adversaries.noise((7, 11))
    image = adversaries.tiled(tile, (20, 30))
    assert image.shape == (20, 30, 3)
    assert (image[7:14, 11:22] == tile).all()


@pytest.mark.parametrize("name", [n for n in adversaries.PICTURES if "megapixels" not in n])
def test_every_adversary_is_a_picture(name: str) -> None:
    image = adversaries.PICTURES[name]()
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert image.flags.c_contiguous


def test_what_thresholds_are_chosen_by_is_never_reported() -> None:
    for rules in SETS.values():
        assert splits_of("validation", rules) == ("validation",)
        assert "validation" not in splits_of("test", rules)


def table_of(name: str, truth: str, text: str) -> dict[str, str]:
    """The line of a table for one picture, by its column."""
    run = Run("x", {}, [(Example("a", Path("a"), truth), Answer(text, 1.0, 1.0, {}, "", 50.0))])
    result = {
        "set": name,
        "split": "test",
        "rules": asdict(SETS[name]),
        "systems": [summary(run, SETS[name], LABELS)],
    }
    columns, lines = without_empty(COLUMNS, rows(result))
    return dict(zip(columns, lines[0], strict=True))


def test_a_table_shows_what_is_right_as_written_only_where_the_truth_has_marks() -> None:
    marked, plain = table_of("icdar2015_words", "$4.00", "$400"), table_of("iiit5k_words", "400", "$400")
    assert (marked["right"], marked["as written"], marked["CER as written"]) == (
        "exact 100.0 %",
        "0.0 %",
        "20.0 %",
    )
    assert plain["right"] == "exact 100.0 %"
    assert "as written" not in plain


def test_a_table_shows_how_many_are_silent_where_there_is_nothing_to_read() -> None:
    shown = table_of("no_text", "", "I")
    assert shown["right"] == "silent 0.0 %"
    assert not {"CER", "said/truth"} & shown.keys()


def test_of_lines_that_are_sure_those_are_right_whose_text_is_the_truth() -> None:
    marked = SETS["icdar2015_words"]
    read = [
        (said("$4.00", ("$4.00", 0.995)), marked),
        (said("1,5", ("15", 0.95), ("x", 0.92)), marked),
        (said("EXIT", ("EXIT", 0.5)), marked),
        (said("EXIT", (f"EX{NOT_READ}T", 1.0)), marked),
        (said("1000", ("1,000", 0.99)), WORD),
    ]
    found = {(one.counted, one.threshold): one for one in line_claims.claims("line", read, LABELS)}
    plain, surer = found[line_claims.PLAIN, 0.9], found[line_claims.PLAIN, 0.99]
    assert (plain.found, plain.said, plain.right) == (5, 4, 3)
    assert (surer.said, surer.right) == (2, 2)
    assert (found[line_claims.WRITTEN, 0.9].said, found[line_claims.WRITTEN, 0.9].right) == (3, 1)


def test_a_reader_that_is_never_sure_has_no_share() -> None:
    shown = line_claims.claims_table([asdict(one) for one in line_claims.claims("auto", [], LABELS)])
    assert "nan" not in shown
    assert shown.count("auto") == 2 * len(line_claims.SURE)
