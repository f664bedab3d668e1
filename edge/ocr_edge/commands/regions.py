"""``ocr-edge regions suggest``: regions for a picture, ready for the configuration."""

import argparse
import logging
import re
import sys
from pathlib import Path
from typing import Any

from ocr_edge.errors import ConfigError

_LOGGER = logging.getLogger(__name__)

SAID_NO = 1

DESCRIPTION = """Find the text in a picture, and print a configuration that reads it: for each line corners with a
margin, text_height, and for a number a pattern and [region.value]. What is likelier to be wanted comes first:
numbers before text, large before small. Each region is tried by the daemon's own code; what it reads stands
above it."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser("regions", help="suggest regions for a picture")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    suggest = actions.add_parser(
        "suggest",
        help="print a configuration that reads the text of a picture",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    suggest.add_argument("picture", metavar="PICTURE", type=Path, help="the picture, as the camera gives it")
    suggest.add_argument(
        "--draw", type=Path, metavar="OUT.png", help="draw the regions on it, with their numbers"
    )
    suggest.add_argument(
        "--take",
        type=numbers,
        default=(),
        metavar="N,N",
        help="print only the regions of these numbers (default: all)",
    )
    suggest.add_argument(
        "--mqtt", type=host, metavar="HOST", help="publish to the MQTT broker on this machine"
    )
    suggest.add_argument(
        "--bundle", type=Path, metavar="B", help="model bundle: a folder or the name of one that ships"
    )
    suggest.add_argument("-v", "--verbose", action="store_true", help="more lines on stderr")
    suggest.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Suggest, print and draw.

    Args:
        args: The parsed arguments of ``add``.

    Returns:
        0, or 1 when there is no text.

    Raises:
        ConfigError: A number of ``--take`` is none, or the drawing cannot be written.
        CaptureError: The picture cannot be read.
        ModelError: The bundle is wrong.
    """
    from ocr_edge.bundles.load import load  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.sources import pictures  # noqa: PLC0415
    from ocr_edge.trial import drawing, fragment, suggest  # noqa: PLC0415

    image = pictures.load(args.picture)
    found = dict(enumerate(suggest.suggest(image, load(args.bundle)), 1))
    if args.draw:
        drawing.save(drawing.numbered(image, found), args.draw)
    if not found:
        _LOGGER.error("%s: no text found; come nearer, or give the corners yourself", args.picture)
        return SAID_NO
    if unknown := [number for number in args.take if number not in found]:
        raise ConfigError(f"--take {unknown[0]}: {args.picture} has the regions 1 to {len(found)}")
    taken = [(number, found[number]) for number in args.take or found]
    sys.stdout.write(fragment.configuration(taken, args.picture, image.shape[:2], args.mqtt or ""))
    return 0


def numbers(text: str) -> tuple[int, ...]:
    """Numbers of regions."""
    return tuple(dict.fromkeys(int(word) for word in text.split(",")))


def host(text: str) -> str:
    """The name or address of a machine, as the configuration takes it."""
    from ocr_edge.config.settings.table import HOST  # noqa: PLC0415 - see commands/__init__.py

    if not text or not re.match(HOST, text):
        raise ValueError
    return text


host.__name__ = "the name or address of a machine alone, such as localhost"
numbers.__name__ = "numbers of regions, such as 1,3"  # what a wrong value is told
