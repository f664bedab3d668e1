"""``ocr-edge read`` as a process: pipes, disks, signals and locales."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import ocr_edge

from . import read_parts as parts
from .daemon_process import hear_ctrl_c

folder = parts.folder

FAKE = """
import sys
sys.path[:0] = {paths!r}
from ocr_edge.commands import read
from read_parts import FakeReader
read.open_reader = lambda args: FakeReader()
from ocr_edge.cli import main
sys.exit(main(sys.argv[1:]))
"""


def process(*arguments: str, **options) -> subprocess.Popen:
    code = FAKE.format(paths=[str(Path(__file__).parent), str(Path(ocr_edge.__file__).parents[1])])
    options = {"stderr": subprocess.PIPE, "preexec_fn": hear_ctrl_c, **options}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], **options)


def test_help_does_not_load_numpy_or_opencv():
    code = (
        "import sys, ocr_edge.cli as c; c.parser().format_help(); print({'cv2', 'numpy'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"


def test_a_reader_that_goes_away_ends_the_command_in_silence(folder):
    child = process("read", *["p10.png", "./p20.png"] * 3, stdout=subprocess.PIPE)
    child.stdout.close()
    assert (child.wait(30), child.stderr.read()) == (141, b"")


def test_a_full_disk_is_one_clear_line(folder):
    with open("/dev/full", "wb") as full:
        child = process("read", "--format", "xml", "p10.png", stdout=full)
        assert child.wait(30) == 2
    assert child.stderr.read() == b"ERROR: standard output: cannot be written: No space left on device\n"


def test_a_closed_stdout_is_no_obstacle_to_files(folder):
    child = process("read", "p10.png", "--annotate", "out", preexec_fn=lambda: os.close(1))
    assert (child.wait(30), child.stderr.read()) == (0, b"")
    assert os.listdir("out") == ["p10.annotated.jpg"]


def test_a_process_interrupted_by_a_signal_ends_with_130(folder):
    names = []
    for index in range(3000):
        names.append(f"n{index}.png")
        os.link("p10.png", names[-1])
    child = process("read", *names, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"n0.png: 10\n"
    child.send_signal(signal.SIGINT)
    child.stdout.read()
    assert (child.wait(30), child.stderr.read()) == (130, b"")


def test_a_locale_without_the_letters_still_gets_a_line(folder):
    os.rename("p10.png", "ü.png")
    child = process(
        "read", "ü.png", "p20.png", stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert child.stdout.read() == b"\\xfc.png: 10\np20.png: 20\n"
    assert child.wait(30) == 0
