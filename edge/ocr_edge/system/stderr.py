"""Keep what C libraries print on stderr away from the user, and hand it to the caller instead."""

import faulthandler
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hush() -> Iterator[list[str]]:
    """Collect everything written to file descriptor 2 while the block runs.

    libjpeg and libpng write there directly, past Python and past OpenCV's log level. The descriptor belongs
    to the whole process: what another thread writes meanwhile is collected too, so keep the block short.

    Yields:
        A list that is filled when the block ends: the lines written, without blank ones.
    """
    lines: list[str] = []
    try:
        saved = os.dup(2)
    except OSError:  # started without stderr: there is nothing to keep clean
        yield lines
        return
    memory = os.memfd_create("stderr") if hasattr(os, "memfd_create") else os.open(os.devnull, os.O_RDWR)
    os.dup2(memory, 2)
    try:
        yield lines
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.lseek(memory, 0, os.SEEK_SET)
        text = os.read(memory, 1 << 16).decode(errors="replace")
        os.close(memory)
        lines.extend(line.strip() for line in text.splitlines() if line.strip())


def keep_stderr() -> None:
    """Keep stderr for Python as long as the process lives: what libraries of C write there leads nowhere from now on.

    For a process of several threads, where ``hush`` would swallow log lines of the others.
    """
    try:
        ours = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    except OSError:  # started without stderr
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    for handler in logging.getLogger("ocr_edge").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(ours)
    sys.stderr = ours
    faulthandler.enable(ours)
