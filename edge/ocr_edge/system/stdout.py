"""Stdout, which may be closed, full or read by nobody: its errors name it, so that any of them can be one line."""

import io
import os
import sys

NAME = "standard output"


class Stdout(io.TextIOWrapper):
    """As Python's; an error of it has ``NAME`` as its file's name, which Python leaves out."""

    def write(self, text: str, /) -> int:
        """Write."""
        try:
            return super().write(text)
        except OSError as error:
            error.filename = NAME
            raise

    def flush(self) -> None:
        """Write what waits."""
        try:
            super().flush()
        except OSError as error:
            error.filename = NAME
            raise


def begin() -> None:
    """Let this process write to a ``Stdout``; to nowhere if it was started without one: it is run for its files."""
    ours = sys.stdout
    if ours is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    elif ours is sys.__stdout__ and type(ours) is io.TextIOWrapper:  # not what a test put there
        sys.stdout = Stdout(
            ours.buffer,
            encoding=ours.encoding,
            errors=ours.errors,
            line_buffering=ours.line_buffering,
            write_through=ours.write_through,
        )


def fault() -> str:
    """Write what stdout still holds; one line where it takes no more, as on a full disk, else empty.

    Raises:
        BrokenPipeError: Whoever read it has gone.
    """
    try:
        if sys.stdout is not None:  # as before `begin`
            sys.stdout.flush()
    except BrokenPipeError:
        drop()
        raise
    except OSError as error:
        return told(error)
    return ""


def told(error: OSError) -> str:
    """What an error of stdout means, one line; what stdout still holds is forgotten."""
    drop()
    return f"{NAME}: cannot be written: {error.strerror}"


def drop() -> None:
    """Lead stdout nowhere, or the interpreter would complain at its end about what stdout did not take."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
