"""Samples get labels, are corrected, and leave as an export; the command that does so."""

import io
import json
import tarfile

import cv2

from ocr_edge.cli import main
from ocr_edge.contract.types import Box
from ocr_edge.harvest import export, sample
from ocr_edge.harvest.folder import unlabelled
from ocr_edge.harvest.labels import Label, characters, label_of
from ocr_edge.harvest.suggest import group, suggestions

from .sample_parts import WIDE, filled, made, strip


def test_a_correction_says_where_each_character_stands(tmp_path):
    for posteriors in (True, False):
        data = made(0, "1234", "1Z34", posteriors=posteriors).data
        about = sample.head(data)[0]
        label = label_of(about, " 1234 ", 5.0)
        assert label == Label("1234", "corrected", 5.0)
        found = characters(about, label, sample.strip(data), sample.posteriors(data))
        assert [text for text, _ in found] == list("1234")
        for place, (_, box) in enumerate(found):
            middle = WIDE * (place + 1.5)
            assert box.left < middle < box.right
            assert box.width <= 1.3 * WIDE


def test_a_longer_correction_is_aligned_by_the_line_stage_and_one_of_something_else_is_not():
    data = made(0, "12.34", "1234").data
    about = sample.head(data)[0]
    found = characters(about, label_of(about, "12.34", 0), sample.strip(data), sample.posteriors(data))
    assert [text for text, _ in found] == list("12.34")
    assert found[2][1].height < found[1][1].height / 2  # the point
    wrong = characters(about, label_of(about, "XKQJ", 0), sample.strip(data), sample.posteriors(data))
    assert wrong == [(c, Box(*each.box)) for c, each in zip("XKQJ", about.characters, strict=True)]
    assert characters(about, label_of(about, "XKQJZ", 0), sample.strip(data), sample.posteriors(data)) == []
    too_long = label_of(about, "1" * 60, 0)
    assert characters(about, too_long, sample.strip(data), sample.posteriors(data)) == []
    unknown = characters(about, label_of(about, "€234", 0), sample.strip(data), sample.posteriors(data))
    assert [text for text, _ in unknown] == list("€234")  # in the place of what was read there


def test_look_alikes_belong_together_and_are_suggested():
    about = made(0, "0123", "O123").about
    assert group(about) == "0OoQD"
    assert suggestions(about) == ["8123", "O823"]
    assert group(made(0, "W1", "W1").about) == "wW"
    assert group(made(0, "A1", "A1").about) == "8A"


def test_labels_are_taken_back_and_sorted(tmp_path):
    samples = filled(tmp_path, [("1234", "1Z34"), ("5678", "S678")])
    first, second = samples.entries()
    samples.set_label(first.about.id, label_of(first.about, "", 1.0))
    assert samples.label(first.about.id).kind == "unreadable"
    assert [e.about.id for e in unlabelled(samples.entries())] == [second.about.id]
    samples.set_label(first.about.id, None)
    assert [e.about.id for e in unlabelled(samples.entries())] == [first.about.id, second.about.id]
    (tmp_path / f"{first.about.id}.label").write_text('{"text": 5}')
    assert samples.label(first.about.id) is None


def test_an_export_is_plain_files_and_names_no_region_unless_asked(tmp_path):
    samples = filled(tmp_path / "s", [("1234", "1Z34"), ("5678", "S678"), ("0000", "0000"), ("7777", "7777")])
    for entry, text in zip(samples.entries(), ("1234", "5678", "0000", ""), strict=True):
        samples.set_label(entry.about.id, label_of(entry.about, text, 5.0))
    files = dict(export.files(samples))
    rows = [json.loads(row) for row in files["ground_truth.jsonl"].splitlines()]
    assert [row["text"] for row in rows] == ["1234", "5678", "0000"]
    assert {row["split"] for row in rows} == {"train", "validation"}
    manifest = json.loads(files["manifest.json"])
    assert manifest["labels"] == {"corrected": 2, "right": 1, "unreadable": 1}
    assert manifest["characters"] == 12
    assert manifest["classes"]["0"] == 4
    assert b"meter" not in b"".join(files.values())
    assert b"meter" in dict(export.files(samples, regions=True))["ground_truth.jsonl"]
    with tarfile.open(fileobj=io.BytesIO(b"".join(export.pieces(iter(files.items()))))) as archive:
        assert {m.name: archive.extractfile(m).read() for m in archive} == files
    names = [name for name in files if name.startswith("data/")]
    assert {name.replace("data/", "data-bin/") for name in names} <= files.keys()


def test_the_command_lists_labels_exports_and_drops(tmp_path, capsys):
    filled(tmp_path / "samples", [("1234", "1Z34"), ("5678", "S678")])
    state = ["--state-dir", str(tmp_path)]

    def run(*words):
        code = main(["samples", *words, *state])
        out, err = capsys.readouterr()
        return code, out, err

    rows = [json.loads(row) for row in run("list", "--json")[1].splitlines()]
    assert [row["text"] for row in rows] == ["1Z34", "S678"]
    first, second = (row["id"] for row in rows)
    assert run("label", first, "--text", "1234")[0] == 0
    assert run("label", second, "--right")[0] == 0
    code, out, err = run("list")
    assert (code, out, err) == (1, "", "2 of 2 samples are labelled; --all shows them.\n")
    code, out, err = run("list", "--all")
    assert code == 0
    assert "-> 1234" in out
    assert "2 of 2 samples are labelled." in err
    assert run("label", second, "--undo")[0] == 0
    assert json.loads(run("show", second, "--json")[1])["label"] is None
    assert run("show", first, "--strip", str(tmp_path / "a.png"))[0] == 0
    assert cv2.imread(str(tmp_path / "a.png")).shape == strip("1234").shape
    assert run("export", str(tmp_path / "out"))[0] == 0
    assert (tmp_path / "out" / "ground_truth.jsonl").exists()
    code, _, err = run("export", str(tmp_path / "out"))
    assert (code, "is not empty" in err) == (2, True)
    assert run("export", str(tmp_path / "out.tar"))[0] == 0
    for wrong in (("show", "nobody"), ("label", "nobody", "--right"), ("label", first), ("drop",)):
        code, _, err = run(*wrong)
        assert code == 2
        assert len(err.splitlines()) == 1
    assert run("drop", "--labelled")[1] == "1 deleted\n"
    assert run("drop", "--all")[1] == "1 deleted\n"
    assert run("drop", "--all")[0] == 1
    assert run("export", str(tmp_path / "more"))[0] == 1


def test_the_command_goes_through_all_of_them(tmp_path, capsys, monkeypatch):
    samples = filled(tmp_path / "samples", [("1234", "1Z34"), ("5678", "S678"), ("9012", "9O12")])
    typed = iter(["1234", "-", "<", "5678", ">"])
    monkeypatch.setattr("builtins.input", lambda _prompt: next(typed))
    assert main(["samples", "label", "--state-dir", str(tmp_path)]) == 0
    assert [entry.label and entry.label.text for entry in samples.entries()] == ["1234", "5678", None]
