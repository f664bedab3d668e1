"""Sets of real lines: three layouts, and what is refused."""

import json
import tarfile

import cv2
import numpy as np
import pytest
from tests.train import line_data

from ocr_edge.errors import ConfigError
from ocr_train.cli import main
from ocr_train.datasets import words

RNG = np.random.default_rng(0)


def png(path, text="12", size=None):
    image = line_data.picture(text, RNG) if size is None else np.zeros((*size, 3), np.uint8)
    cv2.imwrite(str(path), image)


def error(capture):
    (line,) = (line for line in capture.readouterr().err.splitlines() if line.startswith("ERROR"))
    return line


def test_an_archive_gives_pictures_texts_splits_and_groups(tmp_path):
    path = line_data.archive(tmp_path / "lines.tar", count=6, group="shop")
    lines = words.load(f"words:{path}")
    assert (lines.name, len(lines.samples), lines.case, lines.marks) == ("lines", 6, True, True)
    assert [sample.split for sample in lines.samples] == ["train", "train", "validation"] * 2
    assert {sample.group for sample in lines.samples} == {"shop"}
    assert all(sample.text.isdigit() and sample.image.shape[2] == 3 for sample in lines.samples)
    assert len(words.load(f"words:{path}#validation").samples) == 2


def test_what_is_written_comes_before_a_text_without_marks(tmp_path):
    path = line_data.archive(tmp_path / "lines.tar", count=1, written=" 1.5  kg\n")
    (sample,) = words.load(f"words:{path}").samples
    assert sample.text == "1.5 kg"


def test_a_folder_with_a_table_and_one_with_names(tmp_path):
    table, names = tmp_path / "table", tmp_path / "names"
    for folder in (table, names):
        folder.mkdir()
    png(table / "a.png")
    png(table / "b.png")
    (table / "labels.csv").write_text("file,text,split\na.png,Gate 12,test\nb.png,7,\nmissing.png,8,\n")
    for name in ("12.5.png", "12.5__2.png", "notes.txt"):
        png(names / name) if name.endswith("png") else (names / name).write_text("")
    found = words.load(f"words:{table}").samples
    assert [(sample.text, sample.split) for sample in found] == [("Gate 12", "test"), ("7", "train")]
    assert [sample.text for sample in words.load(f"words:{names}").samples] == ["12.5", "12.5"]


def test_high_crops_shrink_and_upright_ones_are_left_out(tmp_path, caplog):
    png(tmp_path / "12__1.png", size=(200, 400))
    png(tmp_path / "123.png", size=(90, 30))
    png(tmp_path / "1.png", size=(90, 30))
    samples = words.load(f"words:{tmp_path}").samples
    assert {sample.text: sample.image.shape[:2] for sample in samples} == {"1": (90, 30), "12": (96, 192)}
    assert "skipped 1: written upright (first: 123.png)" in caplog.text


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("tar:{}/lines.tar", "expected words:PATH for a line stage, found the kind 'tar'"),
        ("words:{}/none.tar", "does not exist"),
        ("words:{}/lines.tar?case=no", "case is 'kept' or 'ignored', found 'no'"),
        ("words:{}/lines.tar#nope", "no usable line is left"),
        ("words:{}/broken.tar", "not a readable tar archive"),
        ("words:{}/empty.tar", "ground_truth.jsonl is missing"),
        ("words:{}/garbled.tar", "ground_truth.jsonl, line 1: not JSON"),
        ("words:{}/table", "lacks the column text"),
        (
            "words:{}/list.tar",
            "ground_truth.jsonl, line 2: expected an object with file and text, found list",
        ),
        ("words:{}/nameless.tar", "ground_truth.jsonl, line 1: names no file"),
        ("words:{}/several.tar", "ground_truth.jsonl, line 1: written is list, expected one text"),
        ("words:{}/latin.tar", "ground_truth.jsonl, line 2: not UTF-8"),
        ("words:{}/latin", "labels.csv, line 3: not UTF-8"),
        ("words:{}/short", "labels.csv, line 3: names no file"),
        ("words:{}/endless", "labels.csv, line 2: not readable (field larger than field limit"),
    ],
)
def test_mistakes_are_one_line(spec, complaint, tmp_path):
    line_data.archive(tmp_path / "lines.tar", count=2)
    (tmp_path / "broken.tar").write_bytes(b"no archive")
    tarfile.open(tmp_path / "empty.tar", "w").close()
    archives = {
        "garbled": b"{",
        "list": b'{"file": "a.png", "text": "1"}\n["a.png", "1"]',
        "nameless": b'{"text": "1"}',
        "several": b'{"file": "a.png", "text": "1", "written": ["1"]}',
        "latin": b'{"file": "a.png", "text": "1"}\n{"file": "b.png", "text": "5 \xb0C"}',
    }
    tables = {
        "table": b"file,label\n",
        "latin": b"file,text\na.png,1\nb.png,5 \xb0C\n",
        "short": b"file,text\na.png,1\n,1\n",
        "endless": b"file,text\na.png," + b"1" * 200_000,
    }
    for name, content in archives.items():
        with tarfile.open(tmp_path / f"{name}.tar", "w") as tar:
            line_data.add(tar, "ground_truth.jsonl", content)
    for name, content in tables.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "labels.csv").write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        words.load(spec.format(tmp_path))
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


def test_inspect_counts_lines_and_characters_and_draws_them(tmp_path, capsys):
    line_data.archive(tmp_path / "lines.tar", count=9)
    sheet = tmp_path / "sheet.png"
    assert main(["inspect", f"words:{tmp_path / 'lines.tar'}", "--out", str(sheet), "--augment"]) == 0
    printed = capsys.readouterr().out.splitlines()
    texts = [sample.text for sample in words.load(f"words:{tmp_path / 'lines.tar'}").samples]
    assert printed[1].split()[:3] == ["lines", "6", "3"]
    zeros = next(row.split() for row in printed if row.startswith("0 "))
    assert sum(map(int, zeros[1:])) == sum(text.count("0") for text in texts)
    assert cv2.imread(str(sheet)) is not None


def test_inspect_draws_what_a_recipe_takes(tmp_path, capsys):
    line_data.archive(tmp_path / "lines.tar")
    (tmp_path / "r.toml").write_text(line_data.toml(line_data.recipe()))
    sheet = tmp_path / "sheet.png"
    words_ = [
        "inspect",
        str(tmp_path / "r.toml"),
        "--data",
        str(tmp_path),
        "--count",
        "5",
        "--out",
        str(sheet),
    ]
    assert main(words_) == 0
    assert cv2.imread(str(sheet)) is not None
    assert "lines" in capsys.readouterr().out
    assert main(["inspect", "lean"]) == 2
    assert "trains a character stage" in error(capsys)


def test_pictures_can_be_taken_as_they_are(tmp_path):
    png(tmp_path / "12__1.png", size=(200, 400))
    png(tmp_path / "123.png", size=(90, 30))
    found = {sample.text: sample.image.shape[:2] for sample in words.each(f"words:{tmp_path}", whole=True)}
    assert found == {"12": (200, 400), "123": (90, 30)}


def test_saved_lines_come_back_and_no_lines_leave_no_file(tmp_path):
    sample = words.LineSample(line_data.picture("3", RNG), "3\u20ac", "test", "shop")
    assert words.save(tmp_path / "new" / "a.tar", [sample]) == 1
    (back,) = words.load(f"words:{tmp_path / 'new' / 'a.tar'}").samples
    assert (back.text, back.split, back.group) == ("3\u20ac", "test", "shop")
    assert np.array_equal(back.image, sample.image)
    assert words.save(tmp_path / "b.tar", []) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_row_that_says_more_or_less_than_the_columns_is_taken(tmp_path):
    png(tmp_path / "a.png")
    png(tmp_path / "b.png")
    (tmp_path / "labels.csv").write_text("file,text,split\na.png,1,train,more\nb.png,2\n")
    assert {sample.text for sample in words.load(f"words:{tmp_path}").samples} == {"1", "2"}


def test_json_rows_may_have_no_split(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        line_data.add(tar, "x.png", cv2.imencode(".png", line_data.picture("3", RNG))[1].tobytes())
        line_data.add(
            tar, "ground_truth.jsonl", json.dumps({"file": "x.png", "text": "3"}).encode() + b"\n\n"
        )
    assert [sample.split for sample in words.load(f"words:{tmp_path / 'a.tar'}").samples] == ["train"]
