"""Options of ``ocr-edge read``: those that reach the reader, and those that make no sense."""

import re
from pathlib import Path

import pytest

import ocr_edge
from ocr_edge.cli import main
from ocr_edge.commands import read
from ocr_edge.errors import ConfigError, ModelError

from . import read_parts as parts
from .read_parts import OPEN_READER, FakeReader

opened, folder = parts.opened, parts.folder


@pytest.mark.parametrize("flag", ["--out", "--annotate", "--explain"])
def test_a_folder_that_cannot_be_written_ends_with_2(folder, capsys, flag, opened):
    assert main(["read", "p10.png", flag, "notes.txt"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"ERROR: notes.txt: cannot be written: .+\n", err)
    assert not opened


@pytest.mark.parametrize(("error", "code"), [(ConfigError("pattern"), 2), (ModelError("bundle"), 3)])
def test_a_wrong_pattern_or_bundle_ends_with_its_own_code(folder, capsys, monkeypatch, error, code):
    def fail(*_):
        raise error

    monkeypatch.setattr(read, "open_reader", fail)
    assert main(["read", "p10.png", "--format", "xml"]) == code
    assert capsys.readouterr() == ("", f"ERROR: {error}\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], {}),
        (["--bundle", "b", "--pattern", "[A-Z]", "--threads", "2"], {"pattern": "[A-Z]", "threads": 2}),
        (["--pattern", "[0-9]+", "--check", "luhn"], {"pattern": "[0-9]+", "check": "luhn"}),
        (["--min-margin", "1.5", "--explain", "e"], {"min_margin": 1.5, "traced": True}),
        (["--reader", "line"], {"reader": "line"}),
        (["--rows", "2"], {"rows": 2}),
        (["--rows", "any"], {"rows": "any"}),
        (["--pattern", r"-?\d"], {"pattern": r"-?\d"}),
        ([r"--pattern=-?\d"], {"pattern": r"-?\d"}),
        ([r"--pattern=--\d"], {"pattern": r"--\d"}),
    ],
)
def test_settings_reach_the_reader(folder, monkeypatch, arguments, told):
    calls = []
    monkeypatch.setattr(read, "open_reader", OPEN_READER)
    monkeypatch.setattr(
        "ocr_edge.reader.Reader", lambda bundle, **named: calls.append((bundle, named)) or FakeReader()
    )
    assert main(["read", "p10.png", *arguments]) == 0
    usual = {
        "pattern": None, "check": "", "reader": "auto", "rows": None, "min_margin": 3.0, "threads": 1, "traced": False,
    }  # fmt: skip
    assert calls == [(Path("b") if "--bundle" in arguments else None, usual | told)]


@pytest.mark.parametrize("after", ["--check", "-v", "--"])
def test_a_forgotten_pattern_is_missed(folder, capsys, after):
    with pytest.raises(SystemExit) as caught:
        main(["read", "p10.png", "--pattern", after, "luhn"])
    assert caught.value.code == 2
    assert "argument --pattern: expected one argument" in capsys.readouterr().err


def test_a_reader_that_the_bundle_lacks_ends_with_3_and_one_line(folder, capsys, monkeypatch):
    monkeypatch.setattr(read, "open_reader", OPEN_READER)
    assert main(["read", "p10.png", "--bundle", "fast", "--reader", "line"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(
        r"ERROR: bundle .*fast: has no stage for --reader line; leave --reader out, .*\n", err
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--check", "luhn"], r"check 'luhn' needs a pattern too, such as '\d{16}'"),
        (["--check", "lun", "--pattern", "[0-9]+"], "check 'lun' is not known; did you mean 'luhn'?"),
    ],
)
def test_a_check_that_cannot_be_used_ends_with_2(folder, capsys, monkeypatch, arguments, line):
    monkeypatch.setattr(read, "open_reader", OPEN_READER)
    assert main(["read", "p10.png", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"ERROR: {line}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["read"],
        ["fly"],
        ["read", "a", "--every", "0"],
        ["read", "a", "--every", "nan"],
        ["read", "a", "--threads", "0"],
        ["read", "a", "--format", "yaml"],
        ["read", "a", "--reader", "nobody"],
        ["read", "a", "--min-margin", "-1"],
        ["read", "a", "--min-margin", "inf"],
    ],
)
def test_arguments_that_make_no_sense_end_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_version_is_the_packages(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"ocr-edge {ocr_edge.__version__}\n"
