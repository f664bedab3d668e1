"""What a changed configuration keeps: versions, what the page does not know, regions, and who waits for it."""

import hashlib
import os
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("tomlkit", reason="tomlkit is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from ocr_edge.bundles import load as bundles
from ocr_edge.config.load import parse
from ocr_edge.config.versions import Versions
from ocr_edge.daemon.reloads import Reloads
from ocr_edge.daemon.scene import Scene
from ocr_edge.errors import ConfigError
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters
from ocr_edge.web.wanted import Entry, Wanted

from .setup_parts import TEXT, shown
from .test_config_edit import NASTY


def test_versions_keep_mode_and_mark_and_undo_only_what_is_their_own(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfid = 'a'\r\n")
    path.chmod(0o640)
    versions = Versions(path)
    assert versions.before() is None
    now = versions.now()
    assert now.text == "id = 'a'\r\n"
    versions.replace("id = 'b'\r\n", now.hash)
    assert path.read_bytes() == b"\xef\xbb\xbfid = 'b'\r\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert versions.before() == "id = 'a'\r\n"
    with pytest.raises(ConfigError, match="somebody changed"):
        versions.replace("x", now.hash)
    os.utime(path)
    assert versions.before() is None
    assert versions.now().hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {each.name for each in tmp_path.iterdir()} == {"config.toml", "config.toml.1"}


def test_a_reload_answers_those_who_still_wait():
    reloads = Reloads()
    first, second = reloads.ask(), reloads.ask()
    first.cancel()
    (waiting,) = reloads.taken()
    waiting.set_result("done")
    assert second.result(0) == "done"
    assert reloads.taken() == []


def test_a_region_that_did_not_change_goes_on_and_another_one_begins_anew():
    bundle = bundles.load()
    text = (
        TEXT
        + '[region.value]\n[[region]]\nname = "b"\ncorners = [[70, 70], [570, 70], [570, 180], [70, 180]]\n'
    )
    before = Scene(parse(text, Path("c.toml")), bundle, Counters())
    frame = Frame(shown(), time.time(), time.monotonic(), "x")
    said = []
    for turn in range(5):
        said += before.look(replace(frame, monotonic=frame.monotonic + turn))
    assert {reading.region for reading in said} == {"meter", "b"}
    for changed, kept in (('name = "b"\nrotate = 180', {"meter"}), ('name = "b"', {"meter", "b"})):
        after = Scene(parse(text.replace('name = "b"', changed), Path("c.toml")), bundle, Counters())
        after.take_over(before)
        assert {r.region.name for r in after.readers if r in before.readers} == kept
    assert after.look(replace(frame, monotonic=frame.monotonic + 6)) == []
    wider = Scene(parse(text + "[stabilize]\nframes = 4\n", Path("c.toml")), bundle, Counters())
    wider.take_over(before)
    assert not any(reader in before.readers for reader in wider.readers)


def test_a_configuration_keeps_what_the_page_does_not_know():
    now = tomllib.loads(NASTY)
    entries = [Entry(place, settings) for place, settings in enumerate(now["region"])]
    marks = [mark["box"] for mark in now["picture"]["mark"]]
    same = Wanted(entries, marks, {"min_match": 0.5})
    assert same.into(NASTY) == NASTY
    assert tomllib.loads(Wanted(entries, marks, {}).into(NASTY))["picture"].keys() == {"mark"}
    with pytest.raises(ConfigError, match="not those of the file"):
        Wanted(entries[::-1]).into(NASTY)
    with pytest.raises(ConfigError, match="not those of the file"):
        Wanted([Entry(7, {})]).into(NASTY)
