"""The soak's judgement, and that what it takes away is really away."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

import soak
from lib.plots import soak_curves
from lib.soak.judge import GROWING, Ledger, growth, verdict
from lib.soak.world import FIRST, Camera, Clock, Disk, numbered
from ocr_edge import Reader
from ocr_edge.sources import decoder


def reading(number: int, text: str = "1") -> dict[str, str]:
    return {"id": f"soak-{number}", "text": text}


def test_what_is_lost_doubled_or_altered_is_counted():
    published, got = Ledger(), Ledger()
    for number in range(5):
        published.take(reading(number))
    for each in (
        reading(0),
        reading(0),
        reading(1),
        reading(2, "another"),
        reading(3),
        reading(3, "another"),
    ):
        got.take(each)
    assert got.against(published) == (1, 2, 2)  # 4 is lost, 0 and 3 came twice, 2 and 3 have other contents
    assert published.against(published) == (0, 0, 0)


def samples(rss_mib, minutes=60):
    return [{"minute": float(m), "rss_mib": rss_mib(m), "threads": 7} for m in range(1, minutes + 1)]


def test_growth_is_that_of_an_hour_and_what_comes_first_does_not_count():
    assert growth(samples(lambda m: 100 + m / 10), "rss_mib") == pytest.approx(6.0)
    assert growth(samples(lambda m: 20 * m if m <= 10 else 250), "rss_mib") == 0
    assert growth(samples(lambda m: 100 + (50 if m == 57 else 0)), "rss_mib") == 0
    assert growth(samples(lambda m: 100, 15), "rss_mib") != growth(
        samples(lambda m: 100, 15), "rss_mib"
    )  # NaN


def result(**changes):
    row = {"lost": 0, "repeated": 3, "ids of two readings": 0}
    grown = {"growth per hour": dict.fromkeys(GROWING, 0.25)}
    return {"receivers": {"MQTT": row}, "exit": 0} | grown | changes


def test_a_verdict_names_what_is_wrong():
    assert verdict(result()) == (True, "+0.25 MiB an hour: flat; nothing lost, no id of two readings")
    grown = dict.fromkeys(GROWING, 0.25) | {"rss_mib": 1.5, "files": 5.0}
    assert verdict(result(**{"growth per hour": grown})) == (
        False,
        "rss_mib GROWS: +1.50 an hour; files GROWS: +5.00 an hour",
    )
    lost = {"MQTT": {"lost": 2, "repeated": 0, "ids of two readings": 1}}
    assert verdict(result(receivers=lost)) == (False, "MQTT: 2 lost; MQTT: 1 ids of two readings")
    assert verdict(result(exit=4)) == (False, "the daemon ended with 4")
    assert verdict(result(**{"growth per hour": dict.fromkeys(GROWING, float("nan"))}))[0]


def test_a_camera_shows_numbers_that_are_read_and_can_hang_and_go():
    camera = Camera(50, numbered)
    with urllib.request.urlopen(camera.url, timeout=5) as stream:
        ends = time.monotonic() + 10
        while camera.served < 3:
            assert time.monotonic() < ends
            stream.read1()
        camera.flowing = False
        time.sleep(0.1)
        served = camera.served
        time.sleep(0.2)
        assert camera.served == served
        camera.here = False
        while stream.read1():  # to its end
            assert time.monotonic() < ends
    with pytest.raises(OSError, match="closed connection"):
        urllib.request.urlopen(camera.url, timeout=5)
    assert Reader().read(decoder.decode(numbered(4711), live=True)).text == str(FIRST + 4711)


def test_a_disk_is_full_then_read_only_then_neither(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    try:
        disk = Disk(tmp_path / "disk").__enter__()
    except subprocess.CalledProcessError:
        pytest.skip("nothing can be mounted here")
    try:
        file = disk.folder / "file"
        file.write_bytes(b"1")
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            file.write_bytes(bytes(100_000))
        file.unlink()
        disk.make_read_only()
        with pytest.raises(OSError, match="Read-only"):
            file.write_bytes(b"2")
        disk.make_writable()
        disk.make_room()
        file.write_bytes(bytes(100_000))
        assert disk.used == 100_000
    finally:
        disk.__exit__()
    assert not list(disk.folder.iterdir())


def test_a_clock_leaps_in_the_childs_python_alone(tmp_path):
    clock = Clock(tmp_path)
    say = "import sys, time\nfor _ in sys.stdin: print(time.time(), flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", say],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | clock.environment,
    ) as child:
        guard = threading.Timer(20, child.kill)
        guard.start()
        for offset in (0.0, 86400.0, -86400.0):
            clock.leap(offset)
            child.stdin.write("\n")
            child.stdin.flush()
            assert float(child.stdout.readline()) - time.time() == pytest.approx(offset, abs=5)
        child.stdin.close()
        guard.cancel()


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin"),
    reason="needs root and mosquitto",
)
def test_one_fault_of_each_kind_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(soak, "SLOT_S", 2.0)
    monkeypatch.setattr(soak, "FAULT_S", 1.0)
    try:
        found = soak.run(tmp_path, 4 * 2.0 / 60)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"nothing can be mounted here: {error}")
    assert [one["fault"].split()[0] for one in found["samples"]] == ["camera", "broker", "disk", "clock"]
    assert found["readings published"] > 20
    assert found["pictures read as they are"] == found["readings published"] <= found["pictures served"]
    assert all(row["lost"] == row["ids of two readings"] == 0 for row in found["receivers"].values()), (
        json.dumps(found["receivers"])
    )
    assert found["exit"] == 0


def test_the_curves_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    keys = ("rss_mib", "anon_mib", "threads", "files", "state_mib")
    made = [
        {"minute": m, "fault": f} | dict.fromkeys(keys, m)
        for m, f in ((1.0, "disk full"), (2.0, "clock ahead"))
    ]
    soak_curves.draw({"samples": made, "fault_s": 20.0}, tmp_path / "p.png")
    assert (tmp_path / "p.png").stat().st_size > 10_000
