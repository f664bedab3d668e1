"""The options of ``ocr-edge read`` that a region of the configuration has too, with the same meaning."""

import argparse
import re
from typing import TYPE_CHECKING, Any

from ocr_edge.errors import ConfigError

if TYPE_CHECKING:
    from ocr_edge.trial.once import Once

NAMES = ("corners", "rotate", "text_height", "polarity", "value", "number_format", "unit")
PLAIN = NAMES[:4]
"""Those that are a key of the region itself."""

_LIST = re.compile(r"[\s\d.,;\[\]()-]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command's parser."""
    group = parser.add_argument_group(
        "a region", "As the keys of [[region]] in the daemon's configuration, read by the same code."
    )
    group.add_argument(
        "--corners",
        type=corners,
        metavar="'X,Y X,Y X,Y X,Y'",
        help="read this part alone: top left, top right, bottom right, bottom left of the text, in pixels",
    )
    group.add_argument(
        "--rotate", type=int, choices=(0, 90, 180, 270), help="degrees that it is then turned clockwise"
    )
    group.add_argument("--text-height", type=pixels, metavar="N", help="height of its capitals in pixels")
    group.add_argument(
        "--polarity", choices=("dark", "light"), help="dark or light ink; without it both are tried"
    )
    group.add_argument(
        "--value",
        action="store_true",
        default=None,
        help="it shows a number: print that, or why there is none",
    )
    group.add_argument(
        "--number-format",
        metavar="F",
        help="what the number looks like, such as -##0.0 or 00:00; format of [region.value]. No --pattern is needed",
    )
    group.add_argument(
        "--unit", metavar="U", help="what the number is given in, such as bar; it may stand after it"
    )


def is_wanted(args: argparse.Namespace) -> bool:
    """Whether any of the options is given."""
    return any(getattr(args, name) is not None for name in NAMES)


def once(args: argparse.Namespace) -> "Once":
    """What reads the region that the options describe.

    Raises:
        ConfigError: They are wrong, or do not go together.
        ModelError: The bundle is wrong.
    """
    import cv2  # noqa: PLC0415 - see commands/__init__.py

    from ocr_edge.bundles.load import load  # noqa: PLC0415
    from ocr_edge.trial.once import Once, region  # noqa: PLC0415

    if args.reader != "auto":
        named = ", ".join(f"--{name.replace('_', '-')}" for name in NAMES)
        raise ConfigError(f"--reader does not go with {named}: a region itself knows who reads it best")
    cv2.setNumThreads(args.threads)
    number = {"format": args.number_format, "unit": args.unit}
    number = {name: given for name, given in number.items() if given is not None}
    settings: dict[str, Any] = {name: getattr(args, name) for name in PLAIN} | {
        "value": number if args.value or number else None,
        "pattern": args.pattern,
        "check": args.check,
        "rows": args.rows,
        "min_margin": args.min_margin,
    }
    return Once(region(**settings), load(args.bundle, args.threads), traced=args.explain is not None)


def advice(raw: str, why: str) -> str:
    """What to give where a text is no number, as the end of a sentence; empty where nothing is known to help."""
    if not why.startswith("not a number"):
        return ""
    from ocr_edge.trial.words import number_advice  # noqa: PLC0415 - see commands/__init__.py

    told = number_advice(raw, "--unit '{}'", "--number-format", "--corners")
    return f"; {told}"


def corners(text: str) -> list[tuple[float, float]]:
    """Four corners, written as eight numbers in any order of commas, spaces and brackets: TOML's list too."""
    numbers = [float(number) for number in _NUMBER.findall(text)]
    if len(numbers) != 8 or not _LIST.fullmatch(text):
        raise ValueError
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def pixels(text: str) -> int:
    """A height in pixels."""
    value = int(text)
    if not 1 <= value <= 65535:
        raise ValueError
    return value


# What a wrong value is told that was expected.
corners.__name__ = "four corners, such as '0,0 90,0 90,40 0,40'"
pixels.__name__ = "a whole number from 1 to 65535"
