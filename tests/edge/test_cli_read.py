"""``ocr-edge read`` from the outside, with a pipeline that says what a picture's size is."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest

import ocr_edge
from ocr_edge.cli import main
from ocr_edge.commands import read
from ocr_edge.contract.types import Box
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.reading import Character, Line, Reading

OPEN_READER = read.open_reader


class FakeReader:
    """Reads a picture of width 57 as ``57``, and a black one as nothing."""

    pipeline = recording = None

    def read(self, image, *, source="", time=0.0):
        if not image.max():
            return Reading(source, (), time, why="no text")
        text = str(image.shape[1])
        found = [Character(c, 0.9, Box(4 + 8 * i, 4, 7, 9)) for i, c in enumerate(text)]
        return Reading(source, (Line(tuple(found)),), time)


@pytest.fixture(autouse=True)
def opened(monkeypatch):
    calls = []
    monkeypatch.setattr(read, "open_reader", lambda args: calls.append(args) or FakeReader())
    return calls


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Pictures of widths 10, 20 and 30, a black one, a damaged one and a text, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for width in (10, 20, 30):
        cv2.imwrite(f"p{width}.png", np.full((16, width, 3), 200, np.uint8))
    cv2.imwrite("black.png", np.zeros((16, 16, 3), np.uint8))
    Path("bad.png").write_bytes(Path("p10.png").read_bytes()[:40])
    Path("notes.txt").write_text("Dear diary")
    return tmp_path


def test_one_picture_prints_only_its_text(folder, capsys):
    assert main(["read", "p10.png"]) == 0
    assert capsys.readouterr() == ("10\n", "")


def test_several_pictures_print_their_names_too(folder, capsys):
    assert main(["read", "p30.png", "black.png", "p10.png"]) == 0
    assert capsys.readouterr() == (
        "p30.png: 30\nblack.png:\np10.png: 10\n",
        "WARNING: black.png: nothing read: no text\n",
    )


def test_a_pattern_names_its_files_even_when_it_matches_one(folder, capsys):
    assert main(["read", "p1*.png"]) == 0
    assert capsys.readouterr().out == "p10.png: 10\n"


def test_a_bad_file_is_one_line_and_the_next_is_still_read(folder, capsys):
    assert main(["read", "bad.png", "missing.png", "notes.txt", "p10.png"]) == 4
    out, err = capsys.readouterr()
    assert out == "p10.png: 10\n"
    assert err.splitlines() == [
        "ERROR: bad.png: damaged or cut short PNG file",
        "ERROR: missing.png: no such file",
        "ERROR: notes.txt: not a picture; JPEG, PNG, WebP, TIFF and BMP are read",
    ]


@pytest.mark.parametrize("error", [RuntimeError("a mistake\nof ours"), MemoryError(), cv2.error("resize")])
def test_an_unexpected_error_costs_one_picture_and_one_line(folder, capsys, monkeypatch, error):
    whole = FakeReader.read

    def fail_once(self, image, **named):
        if image.shape[1] == 20:
            raise error
        return whole(self, image, **named)

    monkeypatch.setattr(FakeReader, "read", fail_once)
    assert main(["read", "p10.png", "p20.png", "p30.png"]) == 4
    out, err = capsys.readouterr()
    assert out == "p10.png: 10\np30.png: 30\n"
    assert len(err.splitlines()) == 1
    assert err.startswith("ERROR: p20.png: not read, the program failed on it (")


def test_a_folder_gives_its_pictures_and_leaves_out_the_rest(folder, capsys):
    (folder / "bad.png").unlink()
    assert main(["read", str(folder)]) == 0
    names = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert [Path(name).name for name in names] == ["black.png", "p10.png", "p20.png", "p30.png"]


def test_arguments_that_match_nothing_end_with_4(folder, capsys, opened):
    assert main(["read", "no*.png"]) == 4
    assert capsys.readouterr() == ("", "ERROR: no*.png: matches no file\n")
    assert not opened


def test_a_line_break_in_a_name_stays_on_one_line(folder, capsys):
    assert main(["read", "a\nb.png"]) == 4
    assert capsys.readouterr().err == "ERROR: a\\nb.png: no such file\n"


def test_demanded_text_that_is_missing_ends_with_1(folder):
    assert main(["read", "--require-text", "p10.png"]) == 0
    assert main(["read", "--require-text", "p10.png", "black.png"]) == 1
    assert main(["read", "--require-text", "bad.png", "black.png"]) == 4


def test_json_is_one_object_per_picture_with_the_time_of_the_file(folder, capsys):
    os.utime("p10.png", (1000, 2000.5))
    assert main(["read", "--format", "json", "p10.png", "black.png"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["source"], first["text"], first["time"]) == ("p10.png", "10", 2000.5)
    assert second["why"] == "no text"


def test_xml_is_one_document_even_when_a_file_is_bad(folder, capsys):
    assert main(["read", "--format", "xml", "p10.png", "bad.png", "p20.png"]) == 4
    root = ET.fromstring(capsys.readouterr().out)
    assert [each.findtext("text") for each in root] == ["10", "20"]


@pytest.mark.parametrize(("form", "ending"), [("text", "txt"), ("json", "json"), ("xml", "xml")])
def test_out_writes_a_file_per_picture_and_nothing_to_stdout(folder, capsys, form, ending):
    (folder / "sub").mkdir()
    (folder / "sub" / "p10.png").write_bytes(Path("p20.png").read_bytes())
    assert main(["read", "p10.png", "bad.png", "sub/p10.png", "--format", form, "--out", "new/out"]) == 4
    assert capsys.readouterr().out == ""
    assert sorted(os.listdir("new/out")) == [f"p10-2.{ending}", f"p10.{ending}"]
    assert "20" in Path(f"new/out/p10-2.{ending}").read_text()


def test_annotate_writes_pictures_beside_the_inputs_without_touching_them(folder):
    before = Path("p10.png").read_bytes()
    assert main(["read", "p10.png", "black.png", "--annotate", "."]) == 0
    assert cv2.imread("p10.annotated.jpg") is not None
    assert cv2.imread("black.annotated.jpg") is not None
    assert Path("p10.png").read_bytes() == before
    assert main(["read", ".", "--annotate", "."]) == 4
    assert not Path("p10.annotated.annotated.jpg").exists()


def test_a_video_gives_a_reading_for_each_interval(folder, capsys):
    writer = cv2.VideoWriter("clip.avi", cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(20):
        writer.write(np.full((48, 64, 3), 99, np.uint8))
    writer.release()
    assert main(["read", "clip.avi", "--every", "0.5", "--annotate", "shown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"clip.avi#t={seconds}: 64" for seconds in ("0.00", "0.50", "1.00", "1.50")]
    assert sorted(os.listdir("shown"))[1] == "clip.00000.50s.annotated.jpg"
    assert main(["read", "clip.avi", "--format", "json", "--out", "out"]) == 0
    assert len(Path("out/clip.json").read_text().splitlines()) == 2


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
    assert re.fullmatch(r"ERROR: bundle .*fast: has no line stage\n", err)


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


def test_why_nothing_was_read_is_said_where_the_result_does_not_say_it(folder, capsys):
    main(["read", "black.png"])
    assert capsys.readouterr() == ("", "WARNING: black.png: nothing read: no text\n")
    main(["read", "black.png", "--format", "json"])
    out, err = capsys.readouterr()
    assert (json.loads(out)["why"], err) == ("no text", "")


def test_ctrl_c_ends_quietly_with_130(folder, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeReader, "read", interrupt)
    assert main(["read", "p10.png"]) == 130
    assert capsys.readouterr() == ("", "")


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


FAKE = """
import sys
sys.path[:0] = {paths!r}
from ocr_edge.commands import read
from test_cli_read import FakeReader
read.open_reader = lambda args: FakeReader()
from ocr_edge.cli import main
sys.exit(main(sys.argv[1:]))
"""


def hear_ctrl_c() -> None:
    """A job started in the background by a shell ignores SIGINT, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def process(*arguments: str, **options) -> subprocess.Popen:
    code = FAKE.format(paths=[str(Path(__file__).parent), str(Path(ocr_edge.__file__).parents[1])])
    options = {"stderr": subprocess.PIPE, "preexec_fn": hear_ctrl_c, **options}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], **options)


def test_help_does_not_load_numpy_or_opencv():
    code = (
        "import sys, ocr_edge.cli as c; c.parser().format_help(); print({'cv2', 'numpy'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"


def test_a_reader_that_goes_away_ends_the_command_in_silence(folder):
    child = process("read", *["p10.png", "./p20.png"] * 3, stdout=subprocess.PIPE)
    child.stdout.close()
    assert (child.wait(30), child.stderr.read()) == (141, b"")


def test_a_full_disk_is_one_clear_line(folder):
    with open("/dev/full", "wb") as full:
        child = process("read", "--format", "xml", "p10.png", stdout=full)
        assert child.wait(30) == 2
    assert child.stderr.read() == b"ERROR: standard output: cannot be written: No space left on device\n"


def test_a_closed_stdout_is_no_obstacle_to_files(folder):
    child = process("read", "p10.png", "--annotate", "out", preexec_fn=lambda: os.close(1))
    assert (child.wait(30), child.stderr.read()) == (0, b"")
    assert os.listdir("out") == ["p10.annotated.jpg"]


def test_a_process_interrupted_by_a_signal_ends_with_130(folder):
    names = []
    for index in range(3000):
        names.append(f"n{index}.png")
        os.link("p10.png", names[-1])
    child = process("read", *names, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"n0.png: 10\n"
    child.send_signal(signal.SIGINT)
    child.stdout.read()
    assert (child.wait(30), child.stderr.read()) == (130, b"")


def test_a_locale_without_the_letters_still_gets_a_line(folder):
    os.rename("p10.png", "ü.png")
    child = process(
        "read", "ü.png", "p20.png", stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert child.stdout.read() == b"\\xfc.png: 10\np20.png: 20\n"
    assert child.wait(30) == 0
