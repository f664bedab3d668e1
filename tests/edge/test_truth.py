"""What is read, against what the pictures show: the error rate of no kind of text may rise above its floor."""

import json
from pathlib import Path

import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.pipeline import Pipeline
from tests.truth import check

KINDS = sorted({known.group for known in check.own()})
MOST_BYTES = 1_200_000
"""What all pictures together may add to the repository."""


@pytest.fixture(scope="module")
def said():
    return check.groups(check.say(Pipeline(bundles.load()), check.own()))


@pytest.mark.parametrize("measure", check.MEASURES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_error_rate_rises_above_its_floor(kind, measure, said, request):
    if request.config.getoption("--update-golden"):
        check.lower(said[kind])
    problems = check.risen(said[kind], measure, check.load_floors()[measure])
    assert not problems, "\n".join([*problems, check.table(said[kind])])


def test_every_picture_has_a_truth_and_every_truth_a_picture():
    files = [known.path.name for known in check.own()]
    assert sorted(files) == sorted(path.name for path in (check.HERE / "pictures").iterdir())
    shown = {path for path in (check.ROOT / "examples").iterdir() if path.suffix in {".jpg", ".png"}}
    assert {known.path for known in check.examples()} == shown


def test_the_pictures_stay_small():
    assert sum(known.path.stat().st_size for known in check.own()) < MOST_BYTES


def test_the_examples_readme_gives_every_text():
    readme = (check.ROOT / "examples" / "README.md").read_text("utf-8")
    for known in check.examples():
        for line in known.text.split("\n"):
            assert f"`{line}`" in readme or f"\n{line}\n" in readme


def a_reading(text: str, truth: str = "12.5 kg and more than thirty letters") -> list[check.Said]:
    return [check.Said(check.Known(Path("x.jpg"), "value", truth), text)]


def test_a_lost_point_counts_as_written_and_not_among_letters():
    (said,) = a_reading("125 kg", "12.5 kg")
    assert said.edits("written") == (1, 7)
    assert said.edits("letters") == (0, 5)


def test_a_line_end_is_as_good_as_a_space():
    (said,) = a_reading("12.5\nkg", "12.5  kg")
    assert said.edits("written") == (0, 7)


def test_a_rate_above_its_floor_is_told_with_truth_and_reading():
    said = a_reading("12.5 kg and more than")
    assert not check.risen(said, "written", {"value": 15 / 36})
    (line,) = check.risen(said, "written", {"value": 10 / 36})
    assert "15 edits in 36 characters" in line
    assert "thirty letters" in check.table(said)


def test_short_groups_have_no_tolerance_and_long_ones_little():
    assert [check.tolerance(length) for length in (5, 29, 30, 100, 10_000)] == [0, 0, 1, 2, 3]


def test_updating_lowers_floors_and_never_raises_one(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "FLOORS", tmp_path / "floors.json")
    check.FLOORS.write_text(json.dumps({"written": {"value": 0.5}, "letters": {"value": 0.0}}))
    check.lower(a_reading("12.5 kg and more than thirty"))
    floors = check.load_floors()
    assert floors["letters"]["value"] == 0.0
    assert 8 / 36 <= floors["written"]["value"] < 8.01 / 36
