"""How samples are kept: in batches, below limits, through power cuts, full disks and damaged files."""

import os
import threading
import time

import cv2
import numpy as np
import pytest

from ocr_edge.config.settings import Harvest
from ocr_edge.harvest import folder, harvester, sample
from ocr_edge.harvest.folder import Limits, Samples, SamplesError
from ocr_edge.harvest.harvester import Around, Harvester
from ocr_edge.harvest.labels import Label
from ocr_edge.harvest.sample import DamagedError
from ocr_edge.system.health import Health

from .broker import until
from .harvest_parts import FAST, take
from .sample_parts import filled, made, strip

ALL = Limits(1000, 1e9, 1e9)


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
