"""Texts that go over rows are read as one, with one pattern and one check digit over all."""

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr_edge import Reader
from ocr_edge.bundles import load as bundles
from ocr_edge.cli import main
from ocr_edge.config.load import parse
from ocr_edge.contract.types import Box
from ocr_edge.daemon.scene import Scene
from ocr_edge.decode import ctc, joint
from ocr_edge.decode.line_decoder import LineDecoder
from ocr_edge.decode.pattern import Pattern
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.explain import folder
from ocr_edge.explain.account import account
from ocr_edge.harvest import wanted
from ocr_edge.layout.rows import apart, bands, in_rows
from ocr_edge.recognize.places import SAID
from ocr_edge.rolling import faces
from ocr_edge.rows import RowsReader
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters

LABELS = ("1", "2", "A", " ")
HIGH, FACE = 30, 4
"""Pixels of a digit, and which face of the sheet of digits the rows are drawn in."""


def row(text: str) -> np.ndarray:
    """Digits in a row, dark on light, with paper around them."""
    digits = [faces._faces()[FACE * 10 + int(c)].ink for c in text]
    inks = [cv2.resize(ink, None, fx=HIGH / len(ink), fy=HIGH / len(ink)) for ink in digits]
    ink = np.pad(np.concatenate([part[:, 8:-8] for part in inks], axis=1), ((10, 10), (14, 14)))
    ink = np.pad(ink, ((0, 0), (0, max(0, 190 - ink.shape[1]))))
    return np.repeat((220 - 190 * np.clip(ink, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def two_rows() -> np.ndarray:
    """90417 above 2538."""
    return np.concatenate([row("90417"), row("2538")])


@pytest.fixture(scope="module")
def model() -> bundles.Bundle:
    return bundles.load()


def strip(*texts: tuple[str, float], steps: int = 4) -> np.ndarray:
    """Posteriors of a strip: a step for each character, of which two may be meant, blanks around."""
    rows = []
    for text, chance in texts:
        for chances in ({text: chance, "A" if text != "A" else "1": 1 - chance}, {}):
            row = np.full(len(LABELS) + 1, 1e-6)
            for label, share in chances.items():
                row[LABELS.index(label)] = share
            row[-1] = 0.01 if chances else 1.0
            rows.append(row / row.sum())
    rows += [np.eye(len(LABELS) + 1)[-1] + 1e-6] * (steps - len(rows))
    return np.log(np.array(rows) / np.array(rows).sum(axis=1, keepdims=True)).astype(np.float32)


def joined(pattern: str, *strips: np.ndarray, check: str = "", margin: float = 3) -> str | None:
    over = Pattern.parse(pattern, LABELS, check)
    spaces = np.array([label == " " for label in LABELS])
    scores = joint.posteriors(strips, spaces, open_ended=True)
    found = LineDecoder(LABELS, over, min_margin=margin).decode(
        scores, to_box=lambda a, b: Box(a, 0, b - a, 1)
    )
    return found.line.text if found else None


def test_a_pattern_finds_where_a_text_is_parted():
    rows = strip(("1", 0.9), ("2", 0.9)), strip(("2", 0.9), ("A", 0.9))
    assert joined(r"\d{3}A", *rows) == "122A"
    assert joined(r"\d{2}A", *rows) is None
    assert joined(r"1+2A", rows[0][:2], rows[1]) == "12A"


def test_one_pattern_holds_over_all_rows_and_not_in_each():
    # Each row alone looks more like another text, which the other row forbids.
    rows = strip(("A", 0.6), ("2", 0.9)), strip(("A", 0.9), ("2", 0.9))
    assert joined(r"12A2|A2AA", *rows, margin=50) == "12A2"


def test_equal_characters_on_both_sides_of_a_break_are_two():
    assert joined("1+", strip(("1", 0.99), steps=2)[:1], strip(("1", 0.99), steps=2)[:1]) == "11"


def test_a_space_between_rows_counts_where_the_pattern_has_one():
    rows = strip(("1", 0.9), ("2", 0.9)), strip(("2", 0.9), ("A", 0.9))
    assert joined(r"\d\d \dA", *rows) == "12 2A"


def test_one_check_digit_holds_over_all_rows():
    right = Pattern.parse(r"[12]{4}", LABELS, "luhn")
    passing = [text for t in itertools.product("12", repeat=4) if right.matches(text := "".join(t))]
    first, second = strip(("1", 0.9), ("2", 0.9)), strip(("2", 0.9), ("1", 0.9))
    likeliest = max(
        passing,
        key=lambda text: (
            ctc.forward(first, [LABELS.index(c) for c in text[:2]])
            + ctc.forward(second, [LABELS.index(c) for c in text[2:]])
        ),
    )
    assert likeliest != "1221"
    assert joined(r"[12]{4}", first, second, check="luhn", margin=50) == likeliest


def test_columns_of_joined_strips_are_those_of_one_of_them():
    assert joint.place(0, 8, [4, 6]) == (0, (0, 8))
    assert joint.place(10, 17, [4, 6]) == (0, (10, 16))
    assert joint.place(18, 28, [4, 6]) == (1, (0, 8))
    assert joint.place(40, 99, [4, 6]) == (1, (20, 24))


def test_lines_are_put_into_rows_from_left_to_right():
    boxes = [Box(60, 4, 40, 20), Box(0, 40, 100, 30), Box(0, 0, 50, 20)]
    assert in_rows(boxes) == [[2, 0], [1]]
    assert apart([Box(0, 0, 100, 30), Box(10, 2, 40, 20), Box(0, 40, 100, 30)]) == [0, 2]


def test_a_picture_is_cut_between_its_rows(two_rows: np.ndarray):
    gray = cv2.cvtColor(two_rows, cv2.COLOR_RGB2GRAY)
    upper, lower = next(bands(gray, 2))
    assert upper.bottom <= 50 <= lower.top
    assert min(upper.height, lower.height) > 20
    assert list(bands(np.full((5, 50), 90, np.uint8), 2)) == []


@pytest.mark.parametrize("bundle", ["default", "fast"])
def test_both_kinds_of_readers_read_two_rows_as_one(bundle: str, two_rows: np.ndarray):
    reading = Reader(bundle, pattern=r"\d{9}", rows=2).read(two_rows)
    assert reading.text.replace(" ", "") == "904172538"
    (line,) = reading.lines
    upper, lower = line.characters[:5], line.characters[5:]
    assert max(c.box.top + c.box.height / 2 for c in upper) < 50 < min(c.box.bottom for c in lower)
    assert [c.box.left for c in lower] == sorted(c.box.left for c in lower)


def test_all_lines_are_one_text_where_any_number_is_meant(two_rows: np.ndarray):
    assert Reader(rows="any").read(two_rows).text == "90417 2538"
    assert Reader(pattern=r"\d{9}", rows="any").read(two_rows).text == "904172538"


def test_a_text_that_the_pattern_forbids_over_all_rows_is_not_said(two_rows: np.ndarray):
    reading = Reader(pattern=r"\d{5}", rows=2).read(two_rows)
    assert (reading.lines, reading.why) == ((), "pattern")
    blank = Reader(rows=2).read(np.full((100, 200, 3), 128, np.uint8))
    assert (blank.lines, blank.why) == ((), "no text")


def test_a_region_of_two_rows_has_one_value(model: bundles.Bundle, two_rows: np.ndarray):
    text = "rows = 2\npattern = '\\d{9}'\n[region.value]\ndecimals = 5\n"
    scene = Scene(parse(f'[source]\nurl = "file:x"\n[[region]]\n{text}', Path("c.toml")), model, Counters())
    said = [r for at in range(4) for r in scene.look(Frame(two_rows, 1e9 + at, float(at), "camera"))]
    assert [(r.text, r.value) for r in said] == [("904172538", 9041.72538)]


def test_the_command_reads_rows(tmp_path: Path, two_rows: np.ndarray, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "plate.png"
    cv2.imwrite(str(path), two_rows[..., ::-1])
    asked = ["read", str(path), "--rows", "2", "--pattern", r"\d{9}"]
    high, wide = two_rows.shape[:2]
    for part in ([], ["--corners", f"0,0 {wide},0 {wide},{high} 0,{high}"], ["--value"]):
        assert main([*asked, *part]) == 0
        assert capsys.readouterr().out == "904172538\n", part


@pytest.mark.parametrize("pattern", [r"\d{9}", None])
def test_each_row_of_a_text_is_explained(two_rows: np.ndarray, pattern: str | None):
    reader = Reader(rows=2, pattern=pattern, traced=True)
    reading = reader.read(two_rows)
    told = account(reader.recording, reading)
    said = [line for line in told.lines if line.verdict == SAID]
    assert [line.text for line in said] == ["90417", "2538"]
    assert all(line.shown for line in said)
    assert {line.reader for line in said} == {"line"}
    middles = [float(line.outline[:, 1].mean()) for line in said]
    assert middles[0] < len(two_rows) / 2 < middles[1]
    assert set(folder.pictures(told)) == set(folder.PICTURES)


def test_rows_that_the_pattern_refuses_are_explained_too(two_rows: np.ndarray):
    reader = Reader(rows=2, pattern=r"[A-Z]{9}", traced=True)
    reading = reader.read(two_rows)
    told = account(reader.recording, reading)
    assert reading.why == "pattern"
    assert told.lines
    assert not [line for line in told.lines if line.verdict == SAID]


def test_rows_are_samples_to_learn_from(two_rows: np.ndarray):
    reader = Reader(rows=2, pattern=r"\d{9}", traced=True)
    reading = reader.read(two_rows)
    kept = wanted.wanted(wanted.Look(two_rows, reading, reader.recording), below=1.1)
    assert {each.text for each in kept} == {"90417", "2538"}
    assert all(each.strip.shape[0] < 0.7 * len(two_rows) for each in kept)


@pytest.mark.parametrize("rows", ["1", "5", "two"])
def test_the_command_refuses_other_numbers_of_rows(rows: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["read", "x.png", "--rows", rows])
    assert f"--rows '{rows}': expected 2, 3, 4 or any" in capsys.readouterr().err


def test_a_reader_that_the_bundle_lacks_is_refused_for_rows_too():
    with pytest.raises(ModelError, match="has no stage for --reader line"):
        Reader("fast", rows=2, reader="line")


def test_rows_that_cannot_be_are_refused(model: bundles.Bundle):
    with pytest.raises(ConfigError, match="rows 7: expected 2 to 4, or 'any'"):
        Reader(rows=7)
    with pytest.raises(ConfigError, match="has no label"):
        RowsReader(model, Pattern.parse("Ä", (*model.manifest.texts, "Ä")))
    for more in ("rows = 1", 'rows = "all"', "rows = 2\npattern = '\\d'\n[region.value]\nrolling = 'up'"):
        with pytest.raises(ConfigError, match="rows"):
            parse(f'[source]\nurl = "file:x"\n[[region]]\n{more}\n', Path("c.toml"))
