"""Batches of a line stage, and recipes that are refused."""

import random

import msgspec
import numpy as np
import pytest
from tests.train import line_data

from ocr_edge.contract.preprocess import STEP, strip
from ocr_edge.errors import ConfigError
from ocr_train import recipe as recipes
from ocr_train.datasets import words
from ocr_train.drawn_recipe import DrawnSource
from ocr_train.stream import stream
from ocr_train.strips import surface, texts
from ocr_train.strips.feed import LineEpoch, Lines
from ocr_train.strips.render import Renderer
from ocr_train.strips.squeeze import squeezed
from ocr_train.strips.targets import HEAD
from ocr_train.strips.typefaces import Typefaces


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    path = line_data.archive(tmp_path_factory.mktemp("lines") / "lines.tar")
    settings = line_data.recipe(real=0.5, labels="line", steps=4)
    renderer = Renderer(texts.Texts(), Typefaces.drawn(), surface.Surfaces())
    return Lines(settings, [words.load(f"words:{path}#train")], renderer)


def test_batches_are_the_same_whoever_makes_them(lines):
    here, there = (list(stream(LineEpoch(lines, 2, workers))) for workers in (0, 2))
    assert len(here) == 4
    for (pixels, targets), (others, same) in zip(here, there, strict=True):
        assert np.array_equal(targets, same)
        assert all(np.array_equal(pixels[name], others[name]) for name in ("rgb", "binary"))
    other = LineEpoch(lines, 3)[0]
    assert not np.array_equal(other[1], here[0][1])


def test_a_batch_has_one_width_and_every_row_says_its_own(lines):
    for pixels, targets in (LineEpoch(lines, epoch)[0] for epoch in range(6)):
        count, height, width, _ = pixels["rgb"].shape
        assert (count, height) == (384 // width, 32)
        assert pixels["binary"].shape == (count, 32, width, 1)
        assert set(np.unique(pixels["binary"])) <= {0, 255}
        for row, target in enumerate(targets):
            own = int(target[2]) * STEP
            assert 0 < own <= width
            assert not pixels["binary"][row, :, own:].any()
            beyond = pixels["rgb"][row, :, own:]
            assert beyond.size == 0 or (beyond == beyond[0, 0]).all()
            text = target[HEAD:][target[HEAD:] >= 0]
            assert 0 < len(text) <= target[2]


def test_real_lines_come_as_often_as_the_recipe_says(lines):
    rng = random.Random(0)
    reals = [lines.draw(rng, 64)[3] for _ in range(120)]
    assert 40 <= sum(reals) <= 80


def test_some_rendered_lines_show_nothing_when_the_recipe_says_so():
    made = Lines(
        line_data.recipe(real=0.0, empty=0.5, labels="line", sources=()),
        [],
        Renderer(texts.Texts(), Typefaces.drawn(), surface.Surfaces()),
    )
    drawn = [made.draw(random.Random(seed), 96) for seed in range(80)]
    bare = [(rgb, target) for rgb, _, target, _ in drawn if (target[HEAD:] < 0).all()]
    assert 25 <= len(bare) <= 55
    assert all(0 < rgb.shape[1] <= 96 and target[2] * STEP >= rgb.shape[1] for rgb, target in bare)


def test_batches_leave_nothing_behind_in_memory(lines, tmp_path, monkeypatch):
    monkeypatch.setattr("ocr_train.stream._MEMORY", tmp_path)
    made = stream(LineEpoch(lines, 0, 1))
    next(made)
    assert any(tmp_path.iterdir())
    made.close()
    assert not any(tmp_path.iterdir())


def line(text, width=60, height=20, name="a.png"):
    return words.LineSample(np.full((height, width, 3), 200, np.uint8), text, file=name)


def made_of(samples, case=True, marks=True, **settings):
    renderer = Renderer(texts.Texts(), Typefaces.drawn(), surface.Surfaces())
    lines = words.LineSet("signs", samples, case, marks)
    return Lines(line_data.recipe(**{"labels": "0123456789.-ab"} | settings), [lines], renderer)


def test_real_lines_that_cannot_be_taught_are_left_out_and_that_is_said_once(caplog):
    bad = [
        line("1€", name="euro.png"),
        line("2€"),
        line("12", width=900, name="wide.png"),
        line("1" * 30, width=40, name="long.png"),
    ]
    lines = made_of([*bad, *[line("12")] * 2], real=0.5)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "signs: skipped 2: a character that is no label (first: euro.png: '1€')",
        "signs: skipped 1: wider than strips of 96 columns (first: wide.png: '12')",
        f"signs: skipped 1: longer than its strip has steps (first: long.png: '{'1' * 30}')",
        "no real line for strips of 64 columns: 50 % of the batches are rendered alone",
    ]
    rng = random.Random(0)
    drawn = [lines.draw(rng, 96) for _ in range(60)]
    assert 20 <= sum(is_real for *_, is_real in drawn) <= 40
    assert len(caplog.records) == len(said)


def test_lines_whose_case_is_ignored_are_taught_in_small_letters_where_those_are_the_labels(caplog):
    lines = made_of([line("AB.", width=40), line("aB", width=60)], case=False, marks=False)
    assert caplog.records == []
    taught = {tuple(lines.draw(random.Random(seed), 64)[2][HEAD:]) for seed in range(4)}
    ab = [*"0123456789.-ab"].index("a"), [*"0123456789.-ab"].index("b")
    assert {row[:3] for row in taught} == {(*ab, -1)}


def test_marks_alone_teach_nothing_where_marks_are_ignored(caplog):
    made_of([line("..", width=40, name="dots.png"), line("12", width=40), line("12")], marks=False)
    assert [record.getMessage() for record in caplog.records] == [
        "signs: skipped 1: marks alone, which are ignored (first: dots.png: '..')"
    ]


def test_a_line_that_could_not_be_drawn_is_drawn_again_but_not_for_ever(lines, monkeypatch):
    draw, calls = Renderer.draw, []

    def seldom(self, *settings):
        calls.append(1)
        return draw(self, *settings) if len(calls) % 3 == 0 else None

    rendered = Lines(line_data.recipe(real=0.0, labels="line"), [], lines.renderer)
    monkeypatch.setattr(Renderer, "draw", seldom)
    assert rendered.draw(random.Random(1), 64)[2] is not None
    assert len(calls) >= 3
    monkeypatch.setattr(Renderer, "draw", lambda *_: None)
    with pytest.raises(ConfigError, match="none fits and shows labels alone"):
        rendered.draw(random.Random(1), 64)


# Recipes.


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"steps": 0}, "steps and epochs must be at least 1"),
        ({"real": 1.5}, "must lie between 0 and 1"),
        ({"widths": {"30": 1.0}}, "at least one multiple of 4 is needed, found 30"),
        ({"widths": {}}, "found none"),
        ({"widths": {"64": 0.0}}, "every share must be above 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"sources": ()}, "sources: at least one is needed, or real = 0"),
        ({"labels": "1"}, "at least two are needed"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(changes, complaint, tmp_path):
    plain = recipes.as_dict(line_data.recipe()) | msgspec.to_builtins(changes)
    with pytest.raises(msgspec.ValidationError, match=complaint):
        msgspec.convert(plain, type(line_data.recipe()))


def test_a_recipe_survives_its_file(tmp_path):
    settings = line_data.recipe(
        characters=("tar:a.tar",), sources=(DrawnSource(data="words:x.tar", weight=2.0),)
    )
    (tmp_path / "r.toml").write_text(line_data.toml(settings))
    assert recipes.load(tmp_path / "r.toml") == settings


def test_an_unknown_key_names_the_nearest(tmp_path):
    (tmp_path / "r.toml").write_text('stage = "line"\nreal = 0\nbatch_colums = 9\n')
    with pytest.raises(ConfigError, match="did you mean 'batch_columns'"):
        recipes.load(tmp_path / "r.toml")


def test_the_shipped_recipe_is_one_of_a_line_stage():
    assert recipes.find("line").stage == "line"


@pytest.mark.parametrize("size", [(20, 200), (90, 400), (3, 700), (1, 50), (32, 128)])
@pytest.mark.parametrize("width", [16, 64, 320])
def test_a_line_is_squeezed_into_a_width_and_keeps_its_height(size, width):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    rgb, binary = squeezed(image, width)
    assert rgb.shape == (32, rgb.shape[1], 3)
    assert binary.shape == (32, rgb.shape[1], 1)
    assert rgb.shape[1] <= width
    own, ink = strip(image)
    if own.shape[1] <= width:
        assert np.array_equal(rgb, own)
        assert np.array_equal(binary, ink)
    elif size[0] > 3:
        assert rgb.shape[1] >= width - 4
