"""Recipes: what a file may say, and what is said when it is wrong."""

import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_edge.errors import ConfigError
from ocr_train import recipe as recipes
from ocr_train.recipe import Recipe, Source

GOOD = """architecture = "dual_branch"
[[sources]]
data = "tar:a.tar"
weight = 1
"""


def load(tmp_path, text):
    path = tmp_path / "r.toml"
    path.write_text(text)
    return recipes.load(path)


def test_a_short_recipe_gets_the_documented_defaults(tmp_path):
    recipe = load(tmp_path, GOOD)
    assert (recipe.labels, recipe.seed, recipe.epochs, recipe.patience) == ("0-9A-Za-z", 1, 30, 0)
    assert recipe.sources == (Source(data="tar:a.tar", weight=1.0),)
    assert len(recipe.label_texts) == 62


@pytest.mark.parametrize(
    ("name", "architecture"),
    [("compact", "compact"), ("original", "dual_branch"), ("dual_branch", "dual_branch")],
)
def test_the_recipes_of_the_package_are_found_by_name(name, architecture):
    assert recipes.find(name).architecture == architecture


def test_the_shipped_recipe_states_the_terms_of_each_source_or_that_there_are_none():
    assert all(source.terms for source in recipes.find("compact").sources)


def test_a_file_comes_before_a_shipped_recipe_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("original").write_text(GOOD.replace("[[", "epochs = 3\n[["))
    assert recipes.find("original").epochs == 3


def test_a_recipe_that_is_nowhere_is_refused_with_the_shipped_names(tmp_path):
    with pytest.raises(ConfigError, match=f"no such file.*{', '.join(recipes.shipped())}"):
        recipes.find(str(tmp_path / "none.toml"))


def test_a_folder_is_no_recipe(tmp_path):
    with pytest.raises(ConfigError, match="Is a directory"):
        recipes.find(str(tmp_path))


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("epoch = 3\n", "did you mean 'epochs'"),
        ("weigth_decay = 0.1\n", "did you mean 'weight_decay'"),
        ("zzz = 1\n", "known are architecture, sources, labels"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(tmp_path, extra, message):
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, extra + GOOD)


def test_an_unknown_key_of_a_source_names_the_nearest_key_of_a_source(tmp_path):
    with pytest.raises(ConfigError, match=r"unknown field `epochs`.*known are data, weight"):
        load(tmp_path, GOOD + "epochs = 2\n")
    with pytest.raises(ConfigError, match="did you mean 'validate'"):
        load(tmp_path, GOOD + "validated = true\n")


@pytest.mark.parametrize(
    "line",
    [
        "epochs = 0",
        "batch_size = 0",
        "class_balance = 1.5",
        "label_smoothing = 1.0",
        "learning_rate = 0.0",
        "learning_rate = nan",
        "weight_decay = -1.0",
        "seed = -1",
        "labels = 'a'",
        "labels = 'aab'",
        "epochs = 'many'",
        "schedule = 'linear'",
        "precision = 'float16'",
    ],
)
def test_values_that_make_no_sense_are_refused(tmp_path, line):
    with pytest.raises(ConfigError, match=r"recipe .*r\.toml: "):
        load(tmp_path, line + "\n" + GOOD)


@pytest.mark.parametrize("weight", ["0", "-1", "inf", "nan"])
def test_a_source_needs_a_weight_above_zero(tmp_path, weight):
    with pytest.raises(ConfigError, match="weight above 0"):
        load(tmp_path, GOOD.replace("weight = 1", f"weight = {weight}"))


@pytest.mark.parametrize("text", ["", "architecture = ", "\xff = 1", 'architecture = "x"\nsources = []'])
def test_a_file_that_is_no_recipe_is_refused(tmp_path, text):
    with pytest.raises(ConfigError, match="recipe "):
        load(tmp_path, text)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "r.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="recipe "):
        recipes.load(path)


def test_the_record_of_a_recipe_is_what_json_gives_back():
    recipe = recipes.find("dual_branch")
    assert json.loads(json.dumps(recipes.as_dict(recipe))) == recipes.as_dict(recipe)


@given(
    st.text(string.printable + "äöü€😀", min_size=1).filter(lambda text: text.isprintable()),
    st.floats(1e-6, 1e6),
    st.booleans(),
)
def test_a_recipe_survives_the_way_to_toml_and_back(tmp_path_factory, text, weight, flag):
    recipe = Recipe(
        architecture="dual_branch",
        epochs=7,
        augment=flag,
        learning_rate=weight,
        sources=(Source(data=text, weight=weight, terms=text, plain=flag), Source(data="tar:b", weight=2.0)),
    )
    path = tmp_path_factory.mktemp("toml") / "r.toml"
    path.write_text(recipes.as_toml(recipe), encoding="utf-8")
    assert recipes.load(path) == recipe
