"""Every benchmark is a command that explains itself, and stands in the table of the README."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
COMMANDS = sorted(file.name for file in BENCHMARKS.glob("*.py"))
README = (BENCHMARKS / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_answers_help(name):
    path = os.pathsep.join(str(BENCHMARKS.parent / side) for side in ("edge", "train", "convert"))
    done = subprocess.run(
        [sys.executable, BENCHMARKS / name, "--help"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,  # a command that imports TensorFlow on a busy machine
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {name} ")


def test_the_table_of_the_readme_names_every_command_once():
    assert sorted(re.findall(r"^\| `(\w+\.py)` \|", README, re.MULTILINE)) == COMMANDS


def test_what_is_no_command_lies_in_lib():
    """What a command starts as a process of its own is told what to do on stdin: what reads, what finds lines."""
    runs = {
        file.name for file in (BENCHMARKS / "lib").rglob("*.py") if '"__main__"' in file.read_text("utf-8")
    }
    assert runs == {"worker.py", "boxes.py"}
