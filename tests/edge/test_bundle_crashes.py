"""Bundles whose hashes agree and whose networks crash the interpreter, or fail in the middle of a picture."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.installed import Installed
from ocr_edge.contract.files import MANIFEST_NAME
from ocr_edge.daemon import last_run
from ocr_edge.daemon.last_run import LastRun

from . import crashing_runtime
from .broker import free_port, until
from .daemon_process import EDGE, DaemonProcess
from .run_parts import EXAMPLES, TEXT

SELF_TEST, EXERCISE = 48, 2
"""Calls that loading a bundle with one character stage makes, and those that a proof makes beyond them."""


@pytest.fixture
def runtime(tmp_path):
    """Environment of a child in which the bundles of some name crash."""
    folder = crashing_runtime.write(tmp_path)

    def environment(name: str, how: str, calls: int) -> dict[str, str]:
        path = os.pathsep.join([folder, str(EDGE), os.environ.get("PYTHONPATH", "")])
        return {"PYTHONPATH": path, "FAKE_RUNTIME": f"{name}:{how}:{calls}"}

    return environment


def variant(folder: Path, name: str) -> Path:
    """A copy of the bundle ``fast`` under another name."""
    shutil.copytree(bundles.shipped("fast"), folder)
    path = folder / MANIFEST_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {"name": name}))
    return folder


@pytest.fixture
def installed(tmp_path):
    """``good`` is the previous bundle and ``bad`` the active one; both work as long as the runtime does."""
    made = Installed(tmp_path / "state")
    for name in ("good", "bad"):
        made.install(variant(tmp_path / name, name))
    return made


@pytest.fixture
def config(tmp_path):
    """Pictures come from a folder, ``here/*.jpg``, each for itself."""
    (tmp_path / "here").mkdir()
    return f'id = "test-1"\n[source]\nurl = "dir:{tmp_path}/here"\n'


def show(tmp_path: Path, name: str) -> None:
    shutil.copy(EXAMPLES / "cheque-4.jpg", tmp_path / name)
    (tmp_path / name).rename(tmp_path / "here" / name)


def ocr_edge(*words: object, environment: dict[str, str], state: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ocr_edge", *map(str, words), "--state-dir", str(state)],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("calls", [0, SELF_TEST])
def test_a_bundle_that_crashes_is_refused_when_it_is_installed_verified_or_gone_back_to(
    calls, runtime, installed, tmp_path
):
    state, crash = installed.folder.parent, runtime("bad", "abort", calls)
    installed.rollback()
    before = sorted(path.name for path in installed.folder.iterdir())
    for words in (("verify", "previous"), ("verify", tmp_path / "bad"), ("rollback",)):
        done = ocr_edge("bundle", *words, environment=crash, state=state)
        assert done.returncode == 3, done.stderr
        (line,) = done.stderr.splitlines()
        assert "networks crash the interpreter (SIGABRT" in line
    # Its folder has another name while it is not yet installed.
    done = ocr_edge(
        "bundle", "install", tmp_path / "bad", environment=runtime(".new-", "abort", calls), state=state
    )
    assert done.returncode == 3
    assert "networks crash the interpreter (SIGABRT" in done.stderr
    assert "nothing was changed" in done.stderr
    assert sorted(path.name for path in installed.folder.iterdir()) == before


def test_a_bundle_that_crashes_at_the_start_gives_way_to_the_one_before_at_the_next_start(
    runtime, installed, config, tmp_path
):
    crash = runtime("bad", "abort", 0)
    with DaemonProcess(tmp_path, config, **crash) as daemon:
        assert daemon.process.wait(20) == -signal.SIGABRT
    show(tmp_path, "a.jpg")
    with DaemonProcess(tmp_path, config, **crash) as daemon:
        daemon.until_said(TEXT)
        assert "bundle: bundle bad-" in daemon.status
        assert "crash the interpreter (SIGABRT" in daemon.status
        assert "bundle good-" in daemon.status
        daemon.end()
    assert daemon.process.returncode == 0, daemon.log
    assert "the last run with bundle bad-" in daemon.log
    (entry,) = [entry for entry in installed.entries() if entry.active]
    assert "crash the interpreter" in entry.bad  # which `doctor` and `bundle list` say
    with DaemonProcess(tmp_path, config, **crash) as daemon:
        daemon.until_ready()
        daemon.end()
    assert "did not end well" not in daemon.log


def test_where_no_crash_can_be_noted_a_bundle_that_crashes_gives_way_at_the_first_start(
    runtime, installed, config, tmp_path
):
    (installed.folder.parent / last_run.FILE_NAME).mkdir()
    show(tmp_path, "a.jpg")
    with DaemonProcess(tmp_path, config, **runtime("bad", "abort", 0)) as daemon:
        daemon.until_said(TEXT)
        assert "crash the interpreter (SIGABRT" in daemon.status
        daemon.end()
    assert daemon.process.returncode == 0, daemon.log


def test_a_full_disk_is_known_to_have_taken_no_note(tmp_path):
    with LastRun(tmp_path) as run:
        run.reads_with(Path("/b/x"))
        assert run.noted
        run._file.close()
        run._file = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115 - the run closes it
        run.reads_with(Path("/b/x"))
        assert not run.noted


def test_a_bundle_that_crashes_while_it_reads_gives_way_at_the_second_time(
    runtime, installed, config, tmp_path
):
    crash = runtime("bad", "abort", SELF_TEST + EXERCISE)
    show(tmp_path, "a.jpg")
    for _ in range(2):
        with DaemonProcess(tmp_path, config, **crash) as daemon:
            assert daemon.process.wait(20) == -signal.SIGABRT
    assert "the last run crashed: " in daemon.log
    show(tmp_path, "b.jpg")  # the other one is skipped: it may be its fault
    with DaemonProcess(tmp_path, config, **crash) as daemon:
        daemon.until_said(TEXT)
        assert "crashed the program 2 times in a row" in daemon.status
        daemon.end()
    assert daemon.process.returncode == 0, daemon.log
    assert "crashed the program" in installed.entries()[0].bad


@pytest.mark.parametrize("how", ["installed", "configured", "link"])
def test_a_bundle_that_fails_while_it_reads_gives_way_at_once_and_no_picture_is_lost(
    how, runtime, installed, config, tmp_path
):
    if how != "installed":
        path = tmp_path / "bad" if how == "configured" else installed.folder / "active"
        config = f'bundle = "{path}"\n{config}'
    show(tmp_path, "a.jpg")
    with DaemonProcess(tmp_path, config, **runtime("bad", "raise", SELF_TEST + 2)) as daemon:
        daemon.until_said(TEXT)
        until(lambda: "bundle: bundle " in daemon.status)
        assert "failed while running (Node number 3 failed to invoke)" in daemon.status
        show(tmp_path, "b.jpg")
        until(lambda: daemon.texts == [TEXT, TEXT])
        daemon.end()
    assert daemon.process.returncode == 0, daemon.log
    assert daemon.log.count("the bundle failed: ") == 1
    assert bool(installed.entries()[0].bad) == (how == "installed")


def test_a_trigger_is_answered_by_the_next_bundle(runtime, installed, tmp_path, camera):
    camera.picture = (EXAMPLES / "cheque-4.jpg").read_bytes
    page = free_port()
    text = f'id = "t"\n[source]\nurl = "{camera.url("stream")}"\nmode = "trigger"\n[http]\nport = {page}\n'
    with DaemonProcess(tmp_path, text, **runtime("bad", "raise", SELF_TEST + 2)) as daemon:
        daemon.until_ready()
        request = urllib.request.Request(f"http://127.0.0.1:{page}/trigger", method="POST")
        urllib.request.urlopen(request, timeout=5).close()
        daemon.until_said(TEXT)
        daemon.end()
    assert daemon.process.returncode == 0, daemon.log


def test_a_configured_bundle_that_crashes_ends_the_next_start_with_the_reason(runtime, config, tmp_path):
    text = f'bundle = "{variant(tmp_path / "mine", "mine")}"\n{config}'
    crash = runtime("mine", "abort", 0)
    for code in (-signal.SIGABRT, 3):
        with DaemonProcess(tmp_path, text, **crash) as daemon:
            assert daemon.process.wait(20) == code
            daemon._threads[1].join(5)
    assert "crash the interpreter (SIGABRT" in daemon.log.splitlines()[-1]


def test_a_killed_daemon_proves_its_bundle_at_the_next_start_alone(installed, config, tmp_path):
    logs = []
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGTERM):
        with DaemonProcess(tmp_path, config) as daemon:
            daemon.until_ready()
            daemon.end(number)
        logs.append(daemon.log)
    assert ["it was killed" in log for log in logs] == [False, True, False]
    assert not any(entry.bad for entry in installed.entries())


def crashed(state: Path, trace: str = "", **changes: object) -> LastRun:
    """What is made of a run that left this."""
    with LastRun(state) as run:
        run.reads_with(Path("/b/x"))
        content = json.loads((state / last_run.FILE_NAME).read_text()) | changes
    (state / last_run.FILE_NAME).write_text(json.dumps(content) + "\n" + trace)
    with LastRun(state) as found:
        return found


TRACE = (
    "Fatal Python error: Aborted\n\nCurrent thread 0x1:\n"
    '  File "/x/ocr_edge/recognize/interpreter.py", line 1 in run\n\n'
)


def test_only_crashes_inside_of_a_network_soon_after_a_start_are_counted(tmp_path):
    found = crashed(tmp_path, TRACE, crashes=1)
    assert (found.bundle, found.crashes, found.why) == (Path("/b/x"), 2, "aborted")
    assert crashed(tmp_path, TRACE, crashes=1, began=-1e6).crashes == 1
    assert crashed(tmp_path, TRACE.replace("interpreter.py", "loop.py"), crashes=1).crashes == 0
    assert crashed(tmp_path, crashes=1).crashes == 0


def test_a_power_cut_and_a_damaged_note_say_nothing_about_the_bundle(tmp_path):
    assert crashed(tmp_path, boot="another").bundle is None
    for left in (b"", b"{", b"\0" * 100, b"[]\n", b'{"boot": 1}\n'):
        (tmp_path / last_run.FILE_NAME).write_bytes(left)
        with LastRun(tmp_path) as found:
            assert found.bundle is None
    assert (tmp_path / last_run.FILE_NAME).read_bytes() == b""


def test_two_at_once_keep_the_notes_of_the_first(tmp_path):
    with LastRun(tmp_path) as first:
        first.reads_with(Path("/b/x"))
        with LastRun(tmp_path) as second:
            second.reads_with(Path("/b/y"))
        assert json.loads((tmp_path / last_run.FILE_NAME).read_text())["bundle"] == "/b/x"


def test_check_survives_a_bundle_that_crashes_and_says_so(runtime, installed, config, tmp_path):
    (tmp_path / "config.toml").write_text(f'state_dir = "{installed.folder.parent}"\n{config}')
    done = subprocess.run(
        [sys.executable, "-m", "ocr_edge", "check", "--config", tmp_path / "config.toml"],
        capture_output=True,
        text=True,
        env=os.environ | runtime("bad", "abort", 0),
        timeout=60,
        check=False,
    )
    (line,) = [line for line in done.stdout.splitlines() if " bundle " in line[:14]]
    assert "crash the interpreter (SIGABRT" in line
    assert "bundle good-" in line
