"""``ocr-edge read`` from the outside: which pictures are read, and what is said of those that are not."""

import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest

from ocr_edge.cli import main

from . import read_parts as parts
from .read_parts import FakeReader

opened, folder = parts.opened, parts.folder


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
