"""What is kept of what was not read for sure, and what is not; caps, batches, power cuts, damaged files, export."""

import io
import json
import os
import tarfile
import threading
import time

import cv2
import numpy as np
import pytest

from ocr_edge.cli import main
from ocr_edge.config.settings import Harvest
from ocr_edge.contract.types import Box
from ocr_edge.daemon.harvesting import Reaper
from ocr_edge.decode.pattern import Refused
from ocr_edge.harvest import export, folder, harvester, sample
from ocr_edge.harvest.folder import Limits, Samples, SamplesError, unlabelled
from ocr_edge.harvest.harvester import Around, Harvester, Take
from ocr_edge.harvest.labels import Label, characters, label_of
from ocr_edge.harvest.likeness import SAME_TEXT, Known, look
from ocr_edge.harvest.sample import DamagedError
from ocr_edge.harvest.series import Series
from ocr_edge.harvest.suggest import group, suggestions
from ocr_edge.harvest.wanted import Look, Wanted, wanted
from ocr_edge.pipeline import Asked
from ocr_edge.reading import Character, Doubt, Line, Reading
from ocr_edge.recognize.line_reader import Strip
from ocr_edge.recognize.lines import Posteriors
from ocr_edge.recognize.places import SAID, Place, RatedLine
from ocr_edge.system.health import Health
from ocr_edge.trace import Recording

from .broker import until
from .sample_parts import ALPHABET, HIGH, WIDE, filled, made, scores, strip

FAST = Harvest(commit_s=0.01)
ALL = Limits(1000, 1e9, 1e9)


def line(text, sure, calibrated=None, doubt=None):
    boxes = [Box(WIDE * (place + 1), 10, WIDE - 2, 30) for place in range(len(text))]
    found = tuple(Character(c, sure, box, ((c, sure),)) for c, box in zip(text, boxes, strict=True))
    return Line(found, sure if calibrated is None else calibrated, doubt)


def looked(text, sure, *, verdict=SAID, why="", disagrees="", doubt=None):
    """A region of one line that the pipeline has read."""
    image, said = strip(text), line(text, sure, doubt=doubt)
    place = Place(Box(0, 0, image.shape[1], HIGH), image=image, reading=RatedLine(said, np.ones(len(text))))
    place.verdict = verdict
    notes = Recording()
    notes.add(Asked(image, ALPHABET, (), True, False))
    trace = notes.line()
    trace.add(place)
    return Look(image, Reading("camera", (said,) if verdict == SAID else (), 5.0), notes, why, disagrees)


def take(text, region="meter", noise=0, around=None):
    said = Wanted(strip(text, noise), "uncertain", "unsure", text, (), 0.5, ())
    return Take(said, region, 5.0, "default", around=around)


@pytest.mark.parametrize(
    ("look_of", "reason"),
    [
        (looked("1234", 0.95), None),
        (looked("1234", 0.85), "uncertain"),
        (looked("1234", 0.95, why="1234 after 9000, expected more"), "rejected"),
        (looked("1234", 0.95, disagrees="1234 in this frame, 1254 in all"), "disagrees"),
        (looked("1234", 0.45, verdict="below min_confidence: 0.45, needed 0.50"), "rejected"),
        (looked("IIII", 0.2, verdict="below min_confidence: 0.20, needed 0.50"), None),  # texture
        (looked("1234", 0.5, verdict="too unsure for a scene: 0.50 sure"), None),
    ],
)
def test_what_is_uncertain_rejected_or_spoken_against_is_wanted(look_of, reason):
    found = wanted(look_of, 0.9)
    assert [each.reason for each in found] == ([reason] if reason else [])
    for each in found:
        assert each.text == "1234"
        assert each.why
        assert not np.shares_memory(each.strip, look_of.image)  # a view would keep the whole frame


def test_a_rival_is_suggested_and_a_counter_of_wheels_is_wanted_as_a_whole():
    doubted = looked("1234", 0.5, doubt=Doubt(1234.0, 0.1, "1284"))
    assert wanted(doubted, 0.9)[0].others == ("1284",)
    image = strip("0123")
    (found,) = wanted(Look(image, Reading("camera", (line("0123", 0.4),), 5.0), None), 0.9)
    assert found.strip.shape == image.shape


def test_what_a_pattern_refuses_is_wanted_the_way_up_that_is_surest():
    notes = Recording()
    notes.add(Asked(strip("A1"), ALPHABET, (), True, True))
    trace = notes.line()
    for text, legal, upside in (("B7", "81", 0.4), ("A1", "41", 1.0)):
        said = scores(text)
        said[:, :-1] = np.maximum(said[:, :-1] + np.log(upside), -9)
        image = strip(text)
        seen = Posteriors(said, image, image[..., :1])
        trace.add(Strip(image, Box(0, 0, image.shape[1], HIGH), None, seen))
        trace.add(Refused(legal, 9.0, 3.0))
    (found,) = wanted(Look(strip("A1"), Reading("camera", (), 5.0), notes), 0.9)
    assert (found.text, found.others, found.reason) == ("41", ("A1",), "rejected")
    assert found.labels == ALPHABET


def test_a_text_between_two_frames_that_agree_was_misread_and_the_next_value_was_not():
    series = Series()
    frames = [looked(text, 0.99) for text in ("4711", "4111", "4711", "4712", "4713", "4713")]
    odd = [found for frame in frames if (found := series.push(frame))]
    assert [each.reading.text for each in odd] == ["4111"]
    assert wanted(odd[0], 0.9)[0].reason == "disagrees"


def test_the_same_unsure_reading_again_and_again_is_kept_a_few_times_at_most():
    known = Known()
    first = made(0, "1234", "1Z34")
    assert known.adds("meter", "1Z34", first.about.look)
    known.add(first.about)
    assert not known.adds("meter", "1Z34", look(strip("1234", noise=9)))  # the same picture, other noise
    assert not known.adds("meter", "7Z34", first.about.look)  # read as another text this time
    assert known.adds("other", "1Z34", first.about.look)
    assert known.adds("meter", "1235", look(strip("1235")))  # the next number
    for number in range(1, SAME_TEXT):
        known.add(made(number, "9" * number, "1Z34").about)
    assert not known.adds("meter", "1Z34", look(strip("ABCD")))
    known.forget([first.about.id])
    assert known.adds("meter", "1Z34", look(strip("ABCD")))


def test_samples_are_written_in_batches_and_when_somebody_looks(tmp_path):
    samples = Samples(tmp_path / "samples")
    with Harvester(Harvest(commit_s=1000.0), samples, Health()) as kept:
        for number in range(5):
            kept.take(take(f"{number}{number + 1}8"))
        time.sleep(0.3)
        assert not samples.path.exists()
        assert kept.flush()
        assert len(samples.entries()) == 5
        kept.take(take("ABC"))
    assert len(samples.entries()) == 6  # at the end too
    about = samples.entries()[0].about
    assert (about.region, about.text, about.bundle) == ("meter", "018", "default")
    assert (sample.strip(samples.read(about.id)) == strip("018")).all()  # without loss


def test_an_hour_of_a_region_and_memory_are_limited(tmp_path, monkeypatch):
    samples = Samples(tmp_path)
    with Harvester(Harvest(per_hour=2), samples, Health()) as kept:
        for number in range(4):
            kept.take(take(f"{number}A{9 - number}"))
        kept.take(take("XYZ", region="other"))
        assert kept.flush()
        assert sorted(entry.about.region for entry in samples.entries()) == ["meter", "meter", "other"]
        block = threading.Event()
        monkeypatch.setattr(kept, "_keep", lambda _take: block.wait(5))
        monkeypatch.setattr(harvester, "TAKEN_BYTES", 100_000)
        for _ in range(50):
            kept.take(take("QQQQ"))
        assert kept._bytes <= 100_000 + take("QQQQ").size
        block.set()


def test_the_oldest_without_a_label_make_room_and_labelled_ones_stay(tmp_path):
    samples = filled(tmp_path, [("1234", "1Z34"), ("5678", "S678"), ("9012", "9O12"), ("3456", "34S6")])
    ids = [entry.about.id for entry in samples.entries()]
    samples.set_label(ids[0], Label("1234", "corrected"))
    size = sum(entry.size for entry in samples.entries())
    assert samples.tidy(ALL, time.time()) == []
    assert samples.tidy(Limits(3, 1e9, 1e9), time.time()) == [ids[1]]
    assert samples.tidy(Limits(9, size * 0.6, 1e9), time.time()) == [ids[2]]
    assert samples.tidy(Limits(9, 1e9, 10.0), time.time() + 100) == [ids[3]]
    assert [entry.about.id for entry in samples.entries()] == ids[:1]


def test_a_clock_that_leaps_costs_a_few_and_not_all(tmp_path):
    samples = filled(tmp_path, [(f"{n:03d}", f"{n:03d}") for n in range(folder.AT_ONCE + 5)])
    assert len(samples.tidy(Limits(1000, 1e9, 60.0), time.time() + 1e9)) == folder.AT_ONCE
    assert len(samples.entries()) == 5


def test_a_folder_full_of_labels_takes_no_more_and_says_so(tmp_path, logged):
    samples = filled(tmp_path, [("1234", "1Z34"), ("5678", "S678")])
    for entry in samples.entries():
        samples.set_label(entry.about.id, Label(entry.about.text, "right"))
    with Harvester(Harvest(max_samples=2), samples, Health()) as kept:
        kept.take(take("ABC"))
        assert kept.flush()
        assert len(samples.entries()) == 2
        assert "full of labelled samples" in logged[-1].getMessage()
        samples.drop([samples.entries()[0].about.id])
        kept.take(take("ABC"))
        assert kept.flush()
    assert len(samples.entries()) == 2


def test_a_power_cut_costs_what_was_not_renamed_and_damage_costs_one_sample(tmp_path, logged):
    samples = filled(tmp_path, [("1234", "1Z34"), ("5678", "S678"), ("9012", "9O12")])
    ids = [entry.about.id for entry in samples.entries()]
    path = tmp_path / f"{ids[1]}.sample"
    path.write_bytes(path.read_bytes()[:40])
    half = tmp_path / f".{ids[0]}.sample1.new"
    half.write_bytes(b"half")
    os.utime(half, (1, 1))
    (tmp_path / "20260101T000000-abcdef.label").write_text("{}")
    assert [entry.about.id for entry in samples.entries()] == [ids[0], ids[2]]
    with Harvester(FAST, samples, Health()) as kept:
        kept.take(take("ABC"))
        until(lambda: len(Samples(tmp_path).entries()) == 3)
    assert (
        sorted(each.name for each in tmp_path.iterdir() if "abcdef" in each.name or ids[1] in each.name) == []
    )
    assert not half.exists()
    assert any("damaged" in record.getMessage() for record in logged)


@pytest.mark.parametrize("cut", range(0, 6000, 487))
def test_a_file_cut_or_changed_anywhere_is_refused_or_whole(cut):
    whole = made(0, "1234", "1Z34")
    data = bytearray(whole.data)
    with pytest.raises(DamagedError):
        sample.part(bytes(data[:cut]), "posteriors")
    data[cut % len(data)] ^= 1
    with pytest.raises(DamagedError):
        sample.part(bytes(data), "posteriors")


def test_hostile_files_are_no_samples(tmp_path):
    samples = filled(tmp_path / "s", [("1234", "1Z34")])
    real = samples.entries()[0].about.id
    secret = tmp_path / "secret"
    secret.write_bytes((tmp_path / "s" / f"{real}.sample").read_bytes())
    names = ["20260101T000000-000001", "20260101T000000-000002", "20260101T000000-000003"]
    (samples.path / f"{names[0]}.sample").symlink_to(secret)
    os.mkfifo(samples.path / f"{names[1]}.sample")
    (samples.path / f"{names[2]}.sample").write_bytes(secret.read_bytes())  # another one's
    (samples.path / "..sample").write_bytes(b"x")
    assert [entry.about.id for entry in samples.entries()] == [real]
    for name in (*names[:2], "../secret", "a/b", "", f"{real}\n"):
        with pytest.raises((KeyError, SamplesError, DamagedError)):
            samples.read(name)
        with pytest.raises(KeyError):
            samples.set_label(f"../{name}", Label("1", "right"))
    assert samples.drop(["../secret", "/etc/passwd"]) == 0
    assert secret.exists()
    bomb = bytearray(sample.png(strip("1")))
    bomb[16:24] = (2**31 - 1).to_bytes(4, "big") * 2
    about = made(0, "1234", "1Z34").about
    with pytest.raises(DamagedError):
        sample.strip(sample.made(about, {"strip": bytes(bomb)}).data)


def test_a_disk_that_fails_is_said_tried_again_and_costs_the_oldest(tmp_path, monkeypatch):
    samples, health = Samples(tmp_path / "samples"), Health()
    monkeypatch.setattr(harvester, "RETRY_S", 0.05)
    monkeypatch.setattr(harvester, "WAITING_BYTES", 20_000)
    add = Samples.add

    def full(_self, _samples):
        raise SamplesError("samples: cannot be written: No space left on device")

    monkeypatch.setattr(Samples, "add", full)
    with Harvester(FAST, samples, health) as kept:
        for number in range(8):
            kept.take(take(f"{number}B{number}", noise=number + 1))
        until(lambda: "No space left" in health.state(0).text)
        until(lambda: not kept._taken)
        monkeypatch.setattr(Samples, "add", add)
        until(lambda: health.state(0).ok)
        found = [entry.about.text for entry in samples.entries()]
    assert found
    assert found[-1] == "7B7"
    assert len(found) < 8


def test_the_picture_around_is_black_where_the_owner_wants_that(tmp_path):
    image = np.full((100, 2000, 3), 200, np.uint8)
    quad = np.array([[0, 0], [1000, 0], [1000, 100], [0, 100]], np.float64)
    samples = Samples(tmp_path)
    with Harvester(FAST, samples, Health()) as kept:
        for masked in (True, False):
            kept.take(take(f"{masked}", around=Around(image, (quad,), masked)))
        assert kept.flush()
    for entry in samples.entries():
        jpeg = sample.part(samples.read(entry.about.id), "surroundings")
        seen = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert seen.shape == (48, 960, 3)
        assert seen[24, 100].min() > 190
        assert (seen[24, 800].max() < 10) == (entry.about.text == "True")


def test_an_error_in_the_harvest_stops_no_reading_and_is_said_once(tmp_path, logged):
    class Region:
        name, value, corners = "meter", None, None

    class Reader:
        region = Region()

    class Scene:
        readers = (Reader(),)

    class Broken:
        flush = None

        def take(self, _take):
            raise RuntimeError("broken")

    reaper = Reaper(Harvest(), Broken())
    Scene.bundle = type("", (), {"manifest": type("", (), {"name": "default", "created": "today"})})
    for _ in range(3):
        Scene.readers[0].taken = looked("1234", 0.5)
        reaper(None, Scene)
    assert sum(record.levelname == "ERROR" for record in logged) == 1


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
    assert [text for text, _ in wrong] in ([], list("XKQJ"))
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
    assert run("list")[0] == 1
    code, out, err = run("list", "--all")
    assert code == 0
    assert "-> 1234" in out
    assert "2 of 2 are labelled" in err
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
