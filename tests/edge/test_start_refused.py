"""What `ocr-edge check` calls wrong for good, `ocr-edge run` refuses at its start with the same exit code."""

import errno
import logging
from pathlib import Path

import pytest

from ocr_edge.cli import main
from ocr_edge.daemon.build import alone
from ocr_edge.errors import ConfigError

from .broker import until
from .daemon_process import DaemonProcess

HERE = Path(__file__)


@pytest.mark.parametrize(
    ("state", "url", "said"),
    [
        ("/proc/nope", f"file:{HERE}", "state_dir /proc/nope: cannot be made or written: "),
        (
            str(HERE),
            f"file:{HERE}",
            f"state_dir {HERE}: cannot be made or written: File exists; set state_dir to",
        ),
        (
            f"{HERE}/below",
            f"file:{HERE}",
            f"state_dir {HERE}/below: cannot be made or written: Not a directory; ",
        ),
        ("state", "video:nope.mp4", "nope.mp4: no such file"),
    ],
)
def test_check_and_run_agree_on_what_is_wrong_at_the_start(state, url, said, tmp_path, capsys):
    path = tmp_path / "config.toml"
    path.write_text(f'state_dir = "{state}"\n[source]\nurl = "{url}"\n[stdout]\nenabled = false\n')
    assert main(["check", "--config", str(path)]) == 2
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAIL")]
    assert len(wrong) == 1
    with DaemonProcess(tmp_path, path.read_text()) as daemon:
        assert daemon.process.wait(30) == 2
        until(lambda: said in daemon.log)
    assert daemon.log.count("\n") == 1


@pytest.mark.parametrize("kind", [errno.EROFS, errno.ENOSPC, errno.EIO])
def test_a_disk_that_may_heal_is_no_reason_not_to_start(kind, tmp_path, monkeypatch, caplog):
    def refuse(*_, **__):
        raise OSError(kind, "no")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with caplog.at_level(logging.WARNING), alone(tmp_path / "state"):
        assert "cannot be written: no" in caplog.text


def test_a_wrong_folder_on_a_read_only_disk_is_waited_for(tmp_path, monkeypatch):
    """As where the partition for the readings was not mounted: the folder below it belongs to another user."""

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ConfigError), alone(tmp_path / "state"):
        pass
    monkeypatch.setattr("ocr_edge.system.state_dir.is_read_only", lambda path: True)
    with alone(tmp_path / "state"):
        pass
