"""Options that several commands have, and actions of those that have some."""

import argparse
from pathlib import Path
from typing import Any

from ocr_edge.errors import ConfigError
from ocr_edge.system.state_dir import for_people


def state_dir(parser: argparse.ArgumentParser) -> None:
    """Add ``--state-dir`` to a parser."""
    parser.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIR",
        help="state folder (default: $STATE_DIRECTORY, /var/lib/ocr-edge if it is there, ~/.local/state/ocr-edge)",
    )


def folder(args: argparse.Namespace) -> Path:
    """The state folder that is looked into.

    Raises:
        ConfigError: ``--state-dir`` names none.
    """
    given: Path | None = args.state_dir
    if given is not None and not given.is_dir():
        what = "is a file, expected a folder" if given.exists() else "no such folder"
        raise ConfigError(f"--state-dir {given}: {what}; state_dir of the configuration says where it is")
    return given or for_people()


def action(actions: Any, name: str, run: Any, text: str) -> Any:
    """The parser of an action, such as ``install`` of ``ocr-edge bundle``, that works in the state folder."""
    parser = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    state_dir(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="more lines on stderr")
    parser.set_defaults(run=run)
    return parser
