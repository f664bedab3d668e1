"""What the commands ``ocr-edge``, ``ocr-train`` and ``ocr-convert`` share: their log on stderr, and how they end."""

import logging
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress

from ocr_edge.errors import ConfigError, OcrEdgeError, one_line
from ocr_edge.system import stdout
from ocr_edge.system.stderr import hush

_LOGGER = logging.getLogger(__name__)

INTERRUPTED, PIPE_CLOSED = 130, 141
"""What a shell reports for a process ended by Ctrl-C, and by writing to ``head`` after ``head`` has gone."""
PACKAGES = ("ocr_edge", "ocr_train", "ocr_convert")
"""Ours, whose log is shown; the root logger belongs to everybody."""
NOISE = "TF_CPP_MIN_LOG_LEVEL"
"""TensorFlow's own switch, read once when it is loaded: 0 says everything, 2 errors alone."""

_SYSLOG = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


def run(work: Callable[[], int], level: int, *, workstation: bool = False) -> int:
    """Do a command's work, and turn every end of it that has a known reason into one line and an exit code.

    Args:
        work: The work; it returns an exit code.
        level: Least level that is logged, such as ``logging.INFO``.
        workstation: Whether a person is at it. Progress is logged without its level, and a file that cannot be written
            or a package that is missing is one line. A daemon is better off with the traceback and a new start.

    Returns:
        The exit code.
    """
    stdout.begin()
    _configure_logging(level, progress=workstation)
    if workstation:
        os.environ.setdefault(NOISE, "0" if level <= logging.DEBUG else "2")
        logging.getLogger("absl").setLevel(logging.NOTSET if is_noise_wanted() else logging.ERROR)
    try:
        code = work()
        if not (why := stdout.fault()):  # a reader that went away shows here and not at the interpreter's end
            return code
        _LOGGER.error("%s", why)
    except OcrEdgeError as error:
        _LOGGER.error("%s", error)
        _drop_stdout_if_broken()
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _drop_stdout_if_broken()
        return PIPE_CLOSED
    except OSError as error:
        if error.filename == stdout.NAME:
            _LOGGER.error("%s", stdout.told(error))
        elif not workstation or error.filename is None:
            raise
        else:
            # A full disk, a folder that may not be written to: loaders name their own errors, this is the rest.
            _LOGGER.error("%s: %s", error.filename, error.strerror)
    except ModuleNotFoundError as error:
        if not workstation or (error.name or "").startswith("ocr_"):
            raise
        _LOGGER.error("%s is not installed; pip install 'ocr-edge[train]'", error.name)
    return ConfigError.exit_code


def is_noise_wanted() -> bool:
    """Whether somebody asked for what TensorFlow has to say: ``--verbose``, or its own switch."""
    return os.environ.get(NOISE) == "0"


def quietly() -> AbstractContextManager[object]:
    """A block in which C libraries write nothing on stderr, unless somebody asked for that."""
    return nullcontext() if is_noise_wanted() else hush()


class _OneLine(logging.Formatter):
    """One record, one line, although a file's name may hold line breaks."""

    def __init__(self, *, progress: bool) -> None:
        super().__init__()
        self._progress = progress

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        text = f"{record.levelname}: {record.message}"
        if "JOURNAL_STREAM" in os.environ:  # the journal takes the level from a prefix, sd-daemon(3)
            text = f"<{_SYSLOG.get(record.levelno, 6)}>{record.message}"
        elif self._progress and record.levelno == logging.INFO:
            text = record.message
        return one_line(text)


def _configure_logging(level: int, *, progress: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine(progress=progress))
    for name in PACKAGES:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False


def _drop_stdout_if_broken() -> None:
    """Forget what a broken stdout still buffers, or the interpreter would complain about it at its end."""
    with suppress(BrokenPipeError):
        stdout.fault()
