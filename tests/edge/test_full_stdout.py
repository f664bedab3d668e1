"""Commands whose stdout is full, closed or read by nobody: one line or none, and an exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EDGE = Path(__file__).parents[2] / "edge"
CODE = "import sys; from ocr_edge.cli import main; sys.exit(main(sys.argv[1:]))"
FULL = b"standard output: cannot be written: No space left on device\n"


def run(*arguments, unbuffered="", **options):
    environment = {**os.environ, "PYTHONPATH": str(EDGE), "PYTHONUNBUFFERED": unbuffered}
    return subprocess.run(
        [sys.executable, "-c", CODE, *map(str, arguments)],
        stderr=subprocess.PIPE,
        env=environment,
        timeout=60,
        check=False,
        **options,
    )


@pytest.mark.parametrize(
    "command",
    [
        "status --state-dir .",
        "bundle list --state-dir .",
        "check --config c.toml",
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_one_line_of_every_command(command, unbuffered, tmp_path):
    (tmp_path / "c.toml").write_text('[source]\nurl = "file:none.png"\n')
    with open("/dev/full", "wb") as full:
        done = run(*command.split(), unbuffered=unbuffered, stdout=full, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, b"ERROR: " + FULL)


def test_a_help_that_cannot_be_written_is_told():
    with open("/dev/full", "wb") as full:
        done = run("status", "--help", stdout=full)
    assert (done.returncode, done.stderr) == (2, b"ocr-edge status: error: " + FULL)


def test_a_closed_stdout_is_no_mistake(tmp_path):
    done = run("status", "--state-dir", tmp_path, preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, b"")
