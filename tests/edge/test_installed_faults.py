"""Installing bundles when things go wrong: kills, full disks, other users."""

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time

import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.installed import Installed
from ocr_edge.contract.files import MANIFEST_NAME
from ocr_edge.errors import ConfigError, OcrEdgeError
from ocr_edge.system.state_dir import for_people, state_dir

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def variant(folder, name):
    """A copy of the shipped bundle with another name."""
    shutil.copytree(bundles.shipped(), folder)
    path = folder / MANIFEST_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "name": name}))
    return folder


@pytest.fixture
def first(tmp_path):
    return variant(tmp_path / "first", "first")


@pytest.fixture
def second(tmp_path):
    return variant(tmp_path / "second", "second")


@pytest.fixture
def installed(tmp_path):
    return Installed(tmp_path / "state")


def test_two_installations_at_once_are_one(installed, first):
    installed.install(first)
    with installed._shelf.changing(), pytest.raises(OcrEdgeError, match="another command"):
        installed.install(first)


def test_a_kill_at_any_moment_leaves_a_bundle_that_works(installed, first, second):
    began = time.monotonic()
    for bundle in (first, second, first):
        installed.install(bundle)
    both_s = (time.monotonic() - began) * 2 / 3
    code = f"""
from pathlib import Path
from ocr_edge.bundles.installed import Installed
installed = Installed(Path({str(installed.folder.parent)!r}))
print(flush=True)
while True:
    installed.install(Path({str(second)!r}))
    installed.install(Path({str(first)!r}))
"""
    chance, seen = random.Random(3), set()
    for count in range(60):
        if count >= 16 and len(seen) == 2:
            break
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        child.stdout.readline()
        time.sleep(chance.uniform(0, both_s))
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=10)
        child.stdout.close()
        bundle, lines = installed.open_active()
        seen.add(bundle.manifest.name)
        assert lines == []
    assert seen == {"first", "second"}
    installed.install(first)
    left = {p.name for p in installed.folder.iterdir()}
    assert left == {p.name for p in installed._shelf.bundles()} | {"active", "previous", ".lock"}


@needs_root
def test_a_full_disk_is_one_line_and_nothing_changes(first, second, tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    # Room for one bundle and a half.
    size = sum(file.stat().st_size for file in first.iterdir()) * 3 // 2
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        installed = Installed(folder)
        installed.install(first)
        with pytest.raises(ConfigError, match="disk is full"):
            installed.install(second)
        assert installed.active().name.startswith("first-")
        assert installed.open_active()[1] == []
        assert not list(installed.folder.glob(".new-*"))
    finally:
        subprocess.run(["umount", "-l", folder], check=True, timeout=10)


@needs_root
def test_what_root_installs_belongs_to_the_owner_of_the_state_folder(installed, first):
    state = installed.folder.parent
    state.mkdir()
    os.chown(state, 12345, 12346)
    # Whatever leads to the folder must let its owner pass, as /var/lib does.
    for parent in state.parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            parent.chmod(0o755)
    installed.install(first)
    everything = [installed.folder, *installed.folder.rglob("*")]
    assert {(p.lstat().st_uid, p.lstat().st_gid) for p in everything} == {(12345, 12346)}
    assert len(everything) == 4 + len(
        list(first.iterdir())
    )  # the folder, the lock, the bundle and the link to it
    assert os.geteuid() == 0


@needs_root
def test_who_may_not_look_is_told_so_and_the_daemon_reads_on(installed, first):
    installed.install(first)
    closed = installed.folder.parent
    closed.chmod(0o700)
    os.seteuid(12345)
    try:
        for look in (
            installed.active,
            installed.entries,
            installed.rollback,
            lambda: installed.install(bundles.shipped()),
        ):
            with pytest.raises(ConfigError, match="put sudo before the command"):
                look()
        bundle, lines = installed.open_active()
    finally:
        os.seteuid(0)
    assert bundle.path == bundles.shipped()
    assert "no installed bundle is used" in lines[0]


def test_a_disk_that_cannot_be_written_still_gives_a_bundle(installed, first, second, monkeypatch):
    installed.install(first)
    next(installed.install(second).glob("*.tflite")).write_bytes(b"x")

    def refuse(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("ocr_edge.bundles.shelf.Shelf.condemn", refuse)
    bundle, lines = installed.open_active()
    assert bundle.manifest.name == "first"
    assert "cannot be marked as bad: Read-only file system" in lines[1]


def test_the_state_folder_is_the_configured_one_then_systemds_then_the_users(tmp_path, monkeypatch):
    from ocr_edge.config.load import parse

    text = '[source]\nurl = "file:x.jpg"\n'
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setattr("ocr_edge.system.state_dir.SERVICE", tmp_path / "service")
    assert (
        state_dir()
        == state_dir(parse(text, tmp_path / "c").state_dir)
        == for_people()
        == tmp_path / ".local/state/ocr-edge"
    )
    (tmp_path / "service").mkdir()
    assert for_people() == tmp_path / "service"
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")
    assert str(state_dir()) == str(for_people()) == "/var/lib/a"
    assert state_dir(parse('state_dir = "here"\n' + text, tmp_path / "c").state_dir) == tmp_path / "here"
