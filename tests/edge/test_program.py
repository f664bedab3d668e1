"""How commands log and end."""

import logging
import os
import subprocess
import sys

import pytest

from ocr_edge import program
from ocr_edge.errors import ModelError


def ending(error):
    def work():
        raise error

    return work


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    monkeypatch.delenv(program.NOISE, raising=False)
    yield
    os.environ.pop(program.NOISE, None)  # set for a process, and so for this one
    logging.getLogger("absl").setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ModelError("bundle x: is\ndamaged"), 3, "ERROR: bundle x: is\\ndamaged\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
        (PermissionError(13, "Permission denied", "runs/x"), 2, "ERROR: runs/x: Permission denied\n"),
        (
            ModuleNotFoundError("No module", name="keras"),
            2,
            "ERROR: keras is not installed; pip install 'ocr-edge[train]'\n",
        ),
    ],
)
def test_each_end_of_a_workstations_command_is_a_code_and_at_most_one_line(error, code, line, capfd):
    assert program.run(ending(error), logging.INFO, workstation=True) == code
    assert capfd.readouterr() == ("", line)


@pytest.mark.parametrize("error", [PermissionError(13, "no", "x"), ModuleNotFoundError("no", name="keras")])
def test_the_daemon_ends_with_the_traceback_of_what_nobody_foresaw(error):
    with pytest.raises(type(error)):
        program.run(ending(error), logging.INFO)


def test_a_missing_module_of_ours_is_a_mistake_of_ours():
    with pytest.raises(ModuleNotFoundError):
        program.run(ending(ModuleNotFoundError("no", name="ocr_edge.x")), logging.INFO, workstation=True)


def log_a_line():
    for name in (*program.PACKAGES, "another"):
        logging.getLogger(f"{name}.part").info("hello from %s", name)
    return 0


def test_every_package_of_ours_is_heard_and_no_other(capfd):
    assert program.run(log_a_line, logging.INFO, workstation=True) == 0
    heard = [f"hello from {name}" for name in program.PACKAGES]
    assert capfd.readouterr().err.splitlines() == heard
    program.run(log_a_line, logging.INFO)
    assert capfd.readouterr().err.splitlines() == [f"INFO: {line}" for line in heard]
    program.run(log_a_line, logging.WARNING)
    assert capfd.readouterr().err == ""


def test_the_journal_gets_levels_as_it_wants_them(monkeypatch, capfd):
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    program.run(log_a_line, logging.INFO)
    assert capfd.readouterr().err.startswith("<6>hello from ocr_edge\n")


@pytest.mark.parametrize(
    ("level", "given", "shown"),
    [
        (logging.INFO, "", False),
        (logging.DEBUG, "", True),
        (logging.INFO, "0", True),
        (logging.DEBUG, "3", False),
    ],
)
def test_tensorflows_noise_is_hidden_unless_asked_for(level, given, shown, monkeypatch, capfd):
    if given:
        monkeypatch.setenv(program.NOISE, given)

    def work():
        with program.quietly():
            os.write(2, b"noise of a C library\n")
        return 0

    assert program.run(work, level, workstation=True) == 0
    assert ("noise" in capfd.readouterr().err) == shown
    assert os.environ[program.NOISE] == (given or ("0" if shown else "2"))


def test_a_reader_that_has_gone_is_noticed_before_the_interpreter_ends():
    code = "from ocr_edge import program; import sys; sys.exit(program.run(lambda: print('x') or 0, 30))"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
