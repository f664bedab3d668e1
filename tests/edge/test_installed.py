"""Installed bundles: real bundles in real folders."""

import json
import os
import shutil

import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.installed import Installed
from ocr_edge.contract.files import MANIFEST_NAME, sha256
from ocr_edge.errors import ConfigError, ModelError


def variant(folder, name, **changes):
    """A copy of the shipped bundle that says something else about itself."""
    shutil.copytree(bundles.shipped(), folder)
    path = folder / MANIFEST_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "name": name, **changes}))
    return folder


def wrong_labels(folder, name):
    """A bundle whose hashes agree, but whose glyphs are named otherwise than it promises."""
    variant(folder, name)
    with np.load(folder / "selftest.npz") as arrays:
        content = dict(arrays)
    content["labels"] = np.roll(content["labels"], 1)
    np.savez(folder / "selftest.npz", **content)
    files = {n: sha256(folder / n) for n in ("selftest.npz", "card.md")}
    path = folder / MANIFEST_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "files": files}))
    return folder


@pytest.fixture
def first(tmp_path):
    return variant(tmp_path / "first", "first")


@pytest.fixture
def second(tmp_path):
    return variant(tmp_path / "second", "second")


@pytest.fixture
def installed(tmp_path):
    return Installed(tmp_path / "state")


def damage(path):
    """Flip a bit in a bundle's network."""
    file = next(path.glob("*.tflite"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def names(installed):
    return sorted(entry.path.name.partition("-")[0] for entry in installed.entries())


def links(installed):
    return tuple(p and p.name.partition("-")[0] for p in (installed.active(), installed.previous()))


def test_without_any_the_shipped_bundle_is_used(installed):
    bundle, lines = installed.open_active()
    assert (bundle.path, lines, installed.entries()) == (bundles.shipped(), [], [])


def test_an_installed_bundle_becomes_active_and_the_one_before_previous(installed, first, second):
    path = installed.install(first)
    assert path.parent == installed.folder
    assert path.name == f"first-{sha256(first / 'manifest.json')[:12]}"
    assert links(installed) == ("first", None)
    installed.install(second)
    assert links(installed) == ("second", "first")
    bundle, lines = installed.open_active()
    assert (bundle.manifest.name, lines) == ("second", [])
    entry = installed.entries()[0]
    assert (entry.manifest.name, entry.active, entry.previous, entry.bad) == ("second", True, False, "")
    assert entry.size == sum(file.stat().st_size for file in second.iterdir())


def test_the_same_bundle_twice_changes_nothing(installed, first, second):
    installed.install(first)
    installed.install(second)
    installed.install(second)
    assert links(installed) == ("second", "first")


def test_rolling_back_twice_is_rolling_forward(installed, first, second):
    installed.install(first)
    installed.install(second)
    assert installed.rollback().name.startswith("first-")
    assert links(installed) == ("first", "second")
    installed.rollback()
    assert links(installed) == ("second", "first")


def test_the_first_bundle_rolls_back_to_the_shipped_one(installed, first):
    installed.install(first)
    assert installed.rollback() is None
    assert installed.open_active()[0].path == bundles.shipped()
    assert installed.rollback().name.startswith("first-")


def test_there_is_nothing_to_roll_back_to_before_the_first(installed):
    with pytest.raises(ConfigError, match="no other bundle"):
        installed.rollback()


def test_a_damaged_bundle_is_not_rolled_back_to(installed, first, second):
    damage(installed.install(first))
    installed.install(second)
    with pytest.raises(ModelError, match="damaged"):
        installed.rollback()
    assert links(installed) == ("second", "first")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (damage, "damaged"),
        (lambda path: (path / "card.md").unlink(), r"card\.md is missing"),
        (lambda path: (path / "manifest.json").write_text("{"), "manifest.json"),
        (shutil.rmtree, "no such file or folder"),
    ],
)
def test_a_wrong_bundle_is_refused_and_nothing_changes(spoil, message, installed, first, second):
    installed.install(first)
    before = sorted(p.name for p in installed.folder.iterdir())
    spoil(second)
    with pytest.raises(ModelError, match=message) as caught:
        installed.install(second)
    assert str(second) in str(caught.value)
    assert ".new-" not in str(caught.value)
    assert sorted(p.name for p in installed.folder.iterdir()) == before


def test_a_bundle_of_another_preprocessing_is_refused(installed, tmp_path):
    with pytest.raises(ModelError, match="preprocessing 'other'"):
        installed.install(variant(tmp_path / "x", "x", preprocess="other"))


def test_a_bundle_that_misnames_its_own_glyphs_is_refused(installed, tmp_path):
    with pytest.raises(ModelError, match=r"self-test failed: \d+ of 48"):
        installed.install(wrong_labels(tmp_path / "x", "x"))
    assert installed.active() is None


def test_a_bundle_damaged_on_disk_gives_way_to_the_previous_one_and_stays_out(installed, first, second):
    installed.install(first)
    damage(installed.install(second))
    bundle, lines = installed.open_active()
    assert bundle.manifest.name == "first"
    assert "second-" in lines[0]
    assert "damaged" in lines[0]
    assert "first-" in lines[1]
    shutil.copytree(second, installed.active(), dirs_exist_ok=True)  # whole again, but once bad is bad
    bundle, lines = installed.open_active()
    assert bundle.manifest.name == "first"
    assert "known to be bad" in lines[0]
    installed.install(second)
    bundle, lines = installed.open_active()
    assert (bundle.manifest.name, lines) == ("second", [])


def test_when_both_are_damaged_the_shipped_one_reads_on(installed, first, second):
    damage(installed.install(first))
    damage(installed.install(second))
    bundle, lines = installed.open_active()
    assert bundle.path == bundles.shipped()
    assert len(lines) == 3
    assert all(entry.bad for entry in installed.entries())


def test_no_bundle_is_called_bad_when_the_fault_lies_elsewhere(installed, first, monkeypatch):
    installed.install(first)
    monkeypatch.setattr("ocr_edge.recognize.interpreter.RUNTIMES", ("no_such_runtime",))
    with pytest.raises(ModelError, match="no TFLite runtime"):
        installed.open_active()
    assert not installed.entries()[0].bad


def test_a_bundle_that_was_deleted_by_hand_gives_way_too(installed, first):
    shutil.rmtree(installed.install(first))
    bundle, lines = installed.open_active()
    assert bundle.path == bundles.shipped()
    assert "no such folder" in lines[0]


def test_after_a_bad_bundle_the_one_in_use_is_what_a_rollback_goes_to(installed, first, second, tmp_path):
    installed.install(first)
    damage(installed.install(second))
    installed.open_active()
    installed.install(variant(tmp_path / "third", "third"))
    assert links(installed) == ("third", "first")


def test_three_bundles_are_kept(installed, first, tmp_path):
    os.utime(installed.install(first), (0, 0))
    for number in range(5):
        path = installed.install(variant(tmp_path / str(number), f"v{number}"))
        os.utime(path, (number, number))  # the clock of a Pi without a network
    assert names(installed) == ["v2", "v3", "v4"]


def test_the_two_in_use_are_kept_however_old_they_look(installed, first, second):
    for path in (first, second):
        os.utime(installed.install(path), (0, 0))
    for number in range(3):
        os.utime(shutil.copytree(first, installed.folder / f"v{number}-0123456789ab"))
    installed.install(second)
    assert names(installed) == ["first", "second", "v0", "v1", "v2"]
    assert installed.open_active()[1] == []


def test_a_bundle_known_to_be_bad_is_not_rolled_back_to(installed, first, second):
    installed.install(first)
    damage(installed.install(second))
    installed.open_active()
    assert installed.rollback().name.startswith("first-")
    shutil.copytree(second, installed._shelf.previous, dirs_exist_ok=True)
    with pytest.raises(ModelError, match="known to be bad"):
        installed.rollback()
