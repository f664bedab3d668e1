"""Shipped bundles by their names, wherever a bundle is asked for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.cli import main
from ocr_edge.config.load import parse
from ocr_edge.errors import ModelError

EXAMPLE = Path(__file__).parents[2] / "examples" / "render-plate.jpg"
SOURCE = '[source]\nurl = "file:a.png"\n'


def test_the_default_ships_first_and_every_name_loads():
    names = bundles.shipped_names()
    assert names[0] == bundles.SHIPPED == bundles.shipped().name
    assert "original" in names
    for name in names:
        assert bundles.load(Path(name)).path == bundles.shipped(name)


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(ModelError, match=r"default, .*original"):
        bundles.shipped("../default")
    with pytest.raises(ModelError, match=r"^bundle orignal: no such folder; .* default, .*original"):
        bundles.load(Path("orignal"))


def test_a_folder_of_that_name_wins(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert bundles.named(Path("original")) == bundles.shipped("original")
    (tmp_path / "original").mkdir()
    assert bundles.named(Path("original")) == Path("original")
    assert main(["read", str(EXAMPLE), "--bundle", "original"]) == 3
    assert "bundle original: is no bundle, manifest.json is missing in it" in capsys.readouterr().err


def test_read_takes_a_name(capsys):
    assert main(["read", str(EXAMPLE), "--bundle", "original"]) == 0
    assert capsys.readouterr().out.strip()
    assert main(["read", str(EXAMPLE), "--bundle", "orignal"]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_shipped_bundle_is_listed_verified_and_installed_by_its_name(tmp_path, capsys):
    state = ["--state-dir", str(tmp_path)]
    assert main(["bundle", "verify", "original", *state]) == 0
    assert capsys.readouterr().out.startswith("original: fine")
    assert main(["bundle", "install", "original", *state]) == 0
    assert capsys.readouterr().out.startswith("original-")
    assert main(["bundle", "list", "--json", *state]) == 0
    first, *shipped = json.loads(capsys.readouterr().out)
    assert (first["name"].partition("-")[0], first["active"]) == ("original", True)
    assert [row["name"] for row in shipped] == ["shipped", *bundles.shipped_names()[1:]]
    assert [row["previous"] for row in shipped] == [True] + [False] * (len(shipped) - 1)
    assert main(["bundle", "install", "orignal", *state]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "ERROR: orignal: no such file or folder; the bundles that ship with the program are "
        + ", ".join(bundles.shipped_names())
    )


def test_the_configuration_takes_a_name_or_a_folder_beside_it(tmp_path):
    file = tmp_path / "config.toml"
    assert parse('bundle = "original"\n' + SOURCE, file).bundle == bundles.shipped("original")
    assert parse('bundle = "mine"\n' + SOURCE, file).bundle == tmp_path / "mine"
    (tmp_path / "original").mkdir()
    assert parse('bundle = "original"\n' + SOURCE, file).bundle == tmp_path / "original"
    assert parse(SOURCE, file).bundle is None


def test_the_configuration_is_read_without_numpy():
    code = "import sys, ocr_edge.config.load; print({'cv2', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"
