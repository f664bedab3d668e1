"""Files of JSON lines take turns, and whatever happens to them no line is half a line."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from ocr_edge.config.settings import Files
from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.reading import Reading
from ocr_edge.sinks.rotating import RotatingSink


def reading(number: int, source: str = "camera") -> Reading:
    return Reading(source, (), 1.5, "meter", number=number, device="pi")


LINE = len(json.dumps(reading(1).as_dict(), separators=(",", ":"))) + 1


def numbers(path: Path) -> list[int]:
    return [int(json.loads(line)["id"].rpartition("-")[2]) for line in path.read_text().splitlines()]


def test_each_line_is_the_published_form_and_there_at_once(tmp_path):
    sink = RotatingSink(Files(path=tmp_path / "logs" / "readings.jsonl"))
    sink.publish(reading(1, "caf\udce9"))
    assert json.loads(sink.path.read_text()) == reading(1, "caf?").as_dict()
    sink.close()


def test_a_full_file_makes_room_and_only_so_many_are_kept(tmp_path):
    path = tmp_path / "readings.jsonl"
    sink = RotatingSink(Files(path=path, max_mb=(3 * LINE + 5) / 1e6, keep=2))
    for number in range(1, 12):
        sink.publish(reading(number))
    sink.close()
    assert numbers(path) == [10, 11]
    assert numbers(Path(f"{path}.1")) == [7, 8, 9]
    assert numbers(Path(f"{path}.2")) == [4, 5, 6]
    assert len(os.listdir(tmp_path)) == 3


def test_a_restart_goes_on_in_the_same_file_and_ends_a_line_that_a_power_cut_left_half(tmp_path):
    path = tmp_path / "readings.jsonl"
    path.write_bytes(b'{"schema":1,"sou')
    sink = RotatingSink(Files(path=path))
    sink.publish(reading(1))
    sink.close()
    half, whole = path.read_text().splitlines()
    assert half == '{"schema":1,"sou'
    assert json.loads(whole)["id"] == reading(1).id


@pytest.mark.parametrize("how", ["removed", "renamed"])
def test_a_file_that_somebody_took_away_is_begun_anew(tmp_path, how):
    path = tmp_path / "readings.jsonl"
    sink = RotatingSink(Files(path=path))
    sink.publish(reading(1))
    path.unlink() if how == "removed" else path.rename(tmp_path / "taken")
    sink.publish(reading(2))
    assert numbers(path) == [2]
    sink.close()


def test_a_full_disk_leaves_only_whole_lines_and_is_no_end(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        sink = RotatingSink(Files(path=folder / "readings.jsonl"))
        taken = 16384 // LINE
        for number in range(taken):
            sink.publish(reading(number))
        for _ in range(2):
            with pytest.raises(PublishError, match="No space left"):
                sink.publish(reading(taken))
        assert numbers(sink.path) == list(range(taken))
        sink.path.write_text("")
        sink.publish(reading(taken))
        assert numbers(sink.path) == [taken]
        sink.close()
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        with pytest.raises(PublishError, match="Read-only"):
            RotatingSink(Files(path=folder / "other.jsonl")).publish(reading(1))
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_path_that_can_never_work_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "readings.jsonl"):
        with pytest.raises(ConfigError, match=r"files\.path"):
            RotatingSink(Files(path=path))
