"""``ocr-edge run``: the daemon."""

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any

from ocr_edge.system.signals import Signals, Stopped

DESCRIPTION = """Read what a camera sees and publish it, until told to stop.

SIGTERM and Ctrl-C end it within two seconds, with everything flushed. SIGHUP reads the configuration and the
installed bundle again; the source and the receivers keep their settings until a restart. Readings go to the
receivers of the configuration, and as JSON lines to stdout unless that is switched off; logs go to stderr."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser(
        "run",
        help="read what a camera sees and publish it, until told to stop",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="more lines on stderr")
    parser.set_defaults(run=run, level=logging.INFO)


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add ``--config`` to a command's parser."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=Path("/var/lib/ocr-edge/config.toml"),
        help="the configuration (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the daemon.

    Args:
        args: The parsed arguments of ``add``.

    Returns:
        The exit code.

    Raises:
        ConfigError: The configuration is wrong.
        ModelError: No bundle can be used.
        CaptureError: The source hangs for good.
    """
    with Signals(hangup_ends=_ends_with_terminal()) as signals:
        try:
            with signals.interrupting():
                import cv2  # noqa: PLC0415 - see commands/__init__.py

                from ocr_edge.config import load  # noqa: PLC0415
                from ocr_edge.daemon.build import run as run_daemon  # noqa: PLC0415
                from ocr_edge.system.stderr import keep_stderr  # noqa: PLC0415

                keep_stderr()
                config = load(args.config)
                cv2.setNumThreads(config.threads)
            return run_daemon(args.config, config, signals)
        except Stopped:
            return 0


def _ends_with_terminal() -> bool:
    """Whether SIGHUP means that the terminal was closed, and not, as from a service manager, a reload."""
    return sys.stdin is not None and sys.stdin.isatty() and "NOTIFY_SOCKET" not in os.environ
