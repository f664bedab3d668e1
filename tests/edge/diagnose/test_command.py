"""The doctor himself: he neither hangs nor falls ill, and says what to type."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ocr_edge.cli import main
from ocr_edge.diagnose.examine import apart, examine
from ocr_edge.diagnose.finding import error, ok, summary, unknown, warning
from ocr_edge.diagnose.probe import Output, Probe, look


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] not in "XZ"
    except FileNotFoundError:
        return False


def test_a_check_that_hangs_or_fails_does_not_stop_the_others(machine):
    def hanging(probe):
        yield ok("first", "said before")
        time.sleep(1.5)

    def failing(probe):
        raise ZeroDivisionError("oops")

    def closed(probe):
        raise PermissionError(13, "Permission denied", "/closed")

    def fine(probe):
        yield ok("last", "said after")

    found = list(examine(machine(), [hanging, failing, closed, fine], limit_s=0.2))
    assert [check.level for check in found] == ["ok", "unknown", "unknown", "unknown", "ok"]
    assert "took longer than 0.2 s" in found[1].found
    assert "ZeroDivisionError: oops" in found[2].found
    assert (found[3].advice, found[3].code) == ("put sudo before the command", 2)
    assert [each.code for each in found[:3]] == [0, 1, 1]


def test_a_command_that_hangs_is_killed_with_its_children():
    probe = Probe()
    start = time.monotonic()
    done = probe.run("sh", "-c", "sleep 60 & echo $!; sleep 60", timeout_s=0.3)
    assert (done.code, done.end) == (None, "did not end in time")
    assert time.monotonic() - start < 5
    while alive(int(done.last)):
        assert time.monotonic() - start < 5
        time.sleep(0.01)
    assert probe.run("no-such-command") is None
    assert probe.run("sh", "-c", "kill -ILL $$").end == "was ended by SIGILL"


def test_the_table_says_what_to_type_and_the_exit_code_what_it_comes_to(monkeypatch, capsys):
    def clock(probe):
        yield warning("clock", "not set", "sudo timedatectl set-ntp true")

    def power(probe):
        yield ok("power", "fine")

    def disk(probe):
        yield error("disk", "full", "rm")

    monkeypatch.setattr("ocr_edge.diagnose.examine.MACHINE", (clock, power))
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "WARN  clock  not set",
        "             -> sudo timedatectl set-ntp true",
        "ok    power  fine",
        "",
        "Nothing is wrong, 1 to look at.",
    ]
    monkeypatch.setattr("ocr_edge.diagnose.examine.MACHINE", (clock, disk))
    assert main(["doctor", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["checks"][1]["advice"]) == (False, "rm")


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([ok("a", "")], "Nothing is wrong."),
        ([warning("a", ""), unknown("b", "")], "Nothing is wrong, 1 to look at, 1 not known."),
        ([ok("b", ""), warning("a", "", code=1)], "1 to look at."),
        ([unknown("a", "", code=2)], "1 not known."),
        ([error("a", ""), warning("b", "")], "1 wrong, 1 to look at."),
    ],
)
def test_nothing_is_wrong_only_where_the_exit_code_of_check_is_0(findings, said):
    assert summary(findings) == said


def test_the_doctor_works_where_the_packages_do_not(tmp_path):
    for name in ("numpy", "msgspec", "cv2"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('numpy.core.multiarray failed to import')")
    config = tmp_path / "c.toml"
    config.write_text('[source]\nurl = "dir:/x"\n')
    done = subprocess.run(
        [sys.executable, "-m", "ocr_edge", "doctor", "--json", "--config", config],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (1, "")
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert {found[name]["level"] for name in ("numpy", "msgspec", "runtime", "configuration")} == {"error"}
    assert "'numpy<2'" in found["numpy"]["advice"]


def test_the_doctor_finds_what_check_finds_and_survives_its_end(machine):
    good = '{"level": "ok", "name": "source", "found": "here", "advice": "", "code": 0}'
    probe = machine(answers={"ocr_edge.diagnose": Output(-4, f"WARNING: x\n{good}\nFatal Python error\n")})
    found = list(apart(probe))
    assert found[0] == ok("source", "here")
    assert (found[1].level, found[1].found) == (
        "error",
        "the process that checks it was ended by SIGILL: Fatal Python error",
    )
    assert "another processor" in found[1].advice


def test_a_configuration_is_examined_in_a_process_of_its_own(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(f'state_dir = "{tmp_path}"\n[source]\nurl = "dir:{tmp_path}/none"\n')
    found = {each.name: each for each in apart(look(path))}
    assert list(found) == ["configuration", "source", "bundle", "regions", "state folder", "store"]
    assert (found["source"].level, found["source"].code) == ("error", 1)
