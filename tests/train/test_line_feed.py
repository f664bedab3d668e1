"""Batches of a line stage, and recipes that are refused."""

import random

import msgspec
import numpy as np
import pytest
from tests.train import line_data

from ocr_edge.contract.preprocess import STEP
from ocr_edge.errors import ConfigError
from ocr_train import recipe as recipes
from ocr_train.datasets import words
from ocr_train.stream import stream
from ocr_train.strips import surface, texts
from ocr_train.strips.feed import LineEpoch, Lines
from ocr_train.strips.recipe import LineSource
from ocr_train.strips.render import Renderer
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
        characters=("tar:a.tar",), sources=(LineSource(data="words:x.tar", weight=2.0),)
    )
    (tmp_path / "r.toml").write_text(line_data.toml(settings))
    assert recipes.load(tmp_path / "r.toml") == settings


def test_an_unknown_key_names_the_nearest(tmp_path):
    (tmp_path / "r.toml").write_text('stage = "line"\nreal = 0\nbatch_colums = 9\n')
    with pytest.raises(ConfigError, match="did you mean 'batch_columns'"):
        recipes.load(tmp_path / "r.toml")


def test_the_shipped_recipe_is_one_of_a_line_stage():
    assert recipes.find("line").stage == "line"
