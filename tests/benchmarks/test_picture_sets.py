"""Picture sets: how each is scored, and its pictures read from a folder."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.picture_sets import SETS, PictureSet, SetError, spread

LABELS = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@given(st.lists(st.integers(), max_size=40), st.integers(1, 50))
def test_a_limit_spreads_evenly_from_the_first_and_keeps_the_order(items: list[int], limit: int) -> None:
    chosen = spread(list(enumerate(items)), limit)
    assert len(chosen) == min(limit, len(items))
    assert chosen == sorted(set(chosen))
    assert not items or chosen[0][0] == 0


def test_case_is_ignored_only_where_the_truth_was_written_in_one_case() -> None:
    assert {name for name, rules in SETS.items() if rules.ignore_case} == {
        "svt_words",
        "sroie_receipts",
        "sroie_lines",
        "us_plate_photos",
        "openalpr_more_cars",
        "field_photos",
    }


def test_an_error_rate_is_given_only_where_the_truth_says_everything_in_order() -> None:
    without = {name for name, rules in SETS.items() if not rules.has_error_rate}
    assert without == {
        "openalpr_us_plate_crops",
        "openalpr_plates",
        "openalpr_more_cars",
        "us_plate_photos",
        "sevenseg_photos",
        "field_photos",
        "no_text",
        "funsd_forms",
    }


def test_sets_for_training_alone_are_not_measured() -> None:
    assert not {"iiit5k_more_words", "icdar2015_more_words"} & set(SETS)


def test_a_set_is_read_from_a_folder_by_split(tmp_path: Path) -> None:
    folder = tmp_path / "svt_words"
    folder.mkdir()
    # U+2028 separates lines for Python, but not lines of JSON.
    rows = [
        '{"file": "a.png", "text": "A\u2028B", "split": "train"}',
        '{"file": "b.png", "text": "C", "split": "test"}',
    ]
    (folder / "ground_truth.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    with PictureSet(tmp_path, "svt_words") as opened:
        assert [example.name for example in opened.examples("test")] == ["b.png"]
        assert [example.truth for example in opened.examples("all")] == ["A\u2028B", "C"]


def write_set(folder: Path, *rows: dict[str, object]) -> None:
    folder.mkdir()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "ground_truth.jsonl").write_text(text, "utf-8")


def test_what_is_held_out_are_validation_and_test(tmp_path: Path) -> None:
    rows = [
        {"file": split, "text": "1.5", "integer": "1", "split": split}
        for split in ("train", "validation", "test")
    ]
    write_set(tmp_path / "sevenseg_photos", *rows)
    with PictureSet(tmp_path, "sevenseg_photos") as opened:
        examples = opened.examples(opened.rules.split)
    assert [(example.name, example.part) for example in examples] == [("validation", "1"), ("test", "1")]


def test_values_patterns_and_checks_come_with_their_pictures(tmp_path: Path) -> None:
    row = {"file": "a.jpg", "text": "486", "split": "test", "values": ["486"], "written": ["4.86"]}
    write_set(tmp_path / "field_photos", row | {"pattern": "\\d{3}", "check": None})
    with PictureSet(tmp_path, "field_photos") as opened:
        (example,) = opened.examples("test")
    assert (example.values, example.written) == (("486",), ("4.86",))
    assert (example.pattern, example.check) == ("\\d{3}", "")


def test_a_set_that_is_measured_by_values_needs_them(tmp_path: Path) -> None:
    row = {"file": "a.jpg", "text": "486", "split": "test", "pattern": "", "check": ""}
    write_set(tmp_path / "field_photos", row, row | {"values": [], "written": []})
    with PictureSet(tmp_path, "field_photos") as opened, pytest.raises(SetError, match="values"):
        opened.examples("test")


def test_a_picture_whose_truth_is_wrong_is_left_out(tmp_path: Path) -> None:
    files = ["images/a.jpg", *SETS["no_text"].left_out]
    write_set(tmp_path / "no_text", *({"file": file, "text": "", "split": "test"} for file in files))
    with PictureSet(tmp_path, "no_text") as opened:
        assert [example.name for example in opened.examples("test")] == ["images/a.jpg"]


def test_a_pattern_has_marks_where_the_bundle_can_say_them() -> None:
    rules = SETS["sevenseg_photos"]
    assert rules.pattern_for(LABELS) == "[0-9]+"
    assert rules.pattern_for((*LABELS, ".")) == rules.marked_pattern
    assert SETS["orand_strings"].pattern_for((*LABELS, ".")) == "[0-9]+"


def test_unknown_missing_and_damaged_sets_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SetError, match="unknown set"):
        PictureSet(tmp_path, "nonsense")
    with pytest.raises(SetError, match="svt_words"):
        PictureSet(tmp_path, "svt_words")
    (tmp_path / "svt_words").mkdir()
    (tmp_path / "svt_words" / "ground_truth.jsonl").write_text('{"file": 1\n')
    with PictureSet(tmp_path, "svt_words") as opened, pytest.raises(SetError, match="damaged"):
        opened.examples("test")
