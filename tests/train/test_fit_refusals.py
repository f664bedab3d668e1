"""Trainings that are refused, end early, or go without pictures."""

import sys

import pytest
from tests.train import fit_parts as parts
from tests.train.fit_parts import recipe, source

from ocr_edge.errors import ConfigError
from ocr_train import fit as fitting
from ocr_train.fit import fit
from ocr_train.recipe import Recipe

data, untrained = parts.data, parts.untrained


@pytest.mark.parametrize(("reject", "is_warned"), [(0.0, True), (0.2, False)])
def test_a_recipe_without_a_class_for_no_character_is_warned_of(tmp_path, caplog, reject, is_warned):
    with pytest.raises(ConfigError, match="does not exist"):
        fit(recipe(source("none.tar"), reject=reject), tmp_path, data=str(tmp_path))
    assert ("no class for what is no character" in caplog.text) == is_warned


def test_sources_without_anything_to_train_on_are_refused(data, tmp_path):
    with pytest.raises(ConfigError, match="no source has a sample in its train split"):
        fit(recipe(source("a.tar#validation")), tmp_path, data=str(data))


def test_an_unknown_network_is_refused_before_any_data_is_read(tmp_path):
    unknown = Recipe(architecture="nope", sources=(source("none.tar"),))
    with pytest.raises(ConfigError, match="architecture 'nope'"):
        fit(unknown, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made_is_refused(data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="Not a directory"):
        fit(recipe(), tmp_path / "file" / "run", data=str(data))


def test_a_loss_that_is_no_number_ends_the_training(data, tmp_path):
    with pytest.raises(ConfigError, match="the loss became nan"):
        fit(
            recipe(learning_rate=1e30, schedule="constant", epochs=9),
            tmp_path,
            data=str(data),
            workers=0,
        )


def test_without_matplotlib_a_run_ends_without_pictures(data, tmp_path, monkeypatch, caplog, untrained):
    untrained["a"] = [0.4, 0.2]
    monkeypatch.setitem(sys.modules, "ocr_train.pictures", None)
    monkeypatch.delattr("ocr_train.pictures", raising=False)
    fit(recipe(epochs=1), tmp_path, data=str(data), workers=0)
    assert (tmp_path / "metrics.json").exists()
    assert not (tmp_path / "history.png").exists()
    assert "no pictures" in caplog.text


def test_ctrl_c_while_matplotlib_loads_is_ctrl_c():
    with pytest.raises(KeyboardInterrupt), fitting.optional_pictures():
        raise ImportError("initialization failed") from KeyboardInterrupt()
    with pytest.raises(ImportError, match="damaged"), fitting.optional_pictures():
        raise ImportError("damaged")
