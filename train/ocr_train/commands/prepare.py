"""``ocr-train prepare``: data sets from fonts, labelled words and official downloads."""

import argparse
from pathlib import Path
from typing import Any

from ocr_edge.errors import ConfigError
from ocr_train.commands import pack
from ocr_train.commands.common import add_parser, count, load_keras, natural

DESCRIPTION = (
    """Make data sets that the other commands read. What was written goes to stdout, a file a line."""
)
NAMES = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
"""EMNIST's six data sets; ``ocr_train.datasets.emnist.NAMES`` without its imports."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser("prepare", help="make data sets", description=DESCRIPTION)
    kinds = parser.add_subparsers(title="what to make", metavar="KIND", required=True)

    fonts = add_parser(kinds, "fonts", "characters rendered as the device would see them", _FONTS)
    fonts.add_argument("--out", type=Path, required=True, metavar="TAR", help="the archive to write")
    fonts.add_argument(
        "--count", type=count, default=100_000, metavar="N", help="characters (default: %(default)s)"
    )
    fonts.add_argument(
        "--seed", type=natural, default=0, metavar="N", help="of every choice (default: %(default)s)"
    )
    fonts.add_argument("--workers", type=count, metavar="N", help="processes (default: one a processor)")
    fonts.set_defaults(run=run_fonts)

    words = add_parser(kinds, "words", "characters cut from labelled word pictures", _WORDS)
    words.add_argument("source", type=Path, metavar="TAR", help="pictures and ground_truth.jsonl")
    words.add_argument("--out", type=Path, required=True, metavar="TAR", help="the archive to write")
    words.add_argument(
        "--seed", type=natural, default=1, metavar="N", help="of every choice (default: %(default)s)"
    )
    words.set_defaults(run=run_words)

    lines = add_parser(
        kinds, "lines", "the line whose text is known, cut from pictures that show more", _LINES
    )
    lines.add_argument("source", metavar="SPEC", help="words:PATH, pictures and their text")
    lines.add_argument("--out", type=Path, required=True, metavar="TAR", help="the archive to write")
    lines.add_argument(
        "--bundle",
        metavar="BUNDLE",
        help="what finds and reads the lines: a folder or a name (default: default)",
    )
    lines.set_defaults(run=run_lines)

    outlines = add_parser(
        kinds, "outlines", "an outline about the line whose text is known, in whole pictures", _OUTLINES
    )
    outlines.add_argument("source", metavar="SPEC", help="words:PATH, pictures and their text")
    outlines.add_argument("--out", type=Path, required=True, metavar="TAR", help="the archive to write")
    outlines.add_argument(
        "--bundle",
        metavar="BUNDLE",
        help="what finds and reads the lines: a folder or a name (default: default)",
    )
    outlines.set_defaults(run=run_outlines)

    scenes = add_parser(kinds, "scenes", "pictures with text drawn into them, and outlines", _SCENES)
    scenes.add_argument("--out", type=Path, required=True, metavar="TAR", help="the archive to write")
    scenes.add_argument(
        "--count", type=count, default=500, metavar="N", help="pictures (default: %(default)s)"
    )
    scenes.add_argument(
        "--recipe", default="detect", metavar="RECIPE", help="whose scenes are drawn (default: %(default)s)"
    )
    scenes.add_argument(
        "--data", default="data", metavar="DIR", help="where the recipe's paths start (default: %(default)s)"
    )
    scenes.add_argument(
        "--seed", type=natural, default=1, metavar="N", help="of every choice (default: %(default)s)"
    )
    scenes.set_defaults(run=run_scenes)

    for name, text in (("chars74k", _CHARS74K), ("iiit5k", _IIIT5K)):
        official = add_parser(kinds, name, f"the official download of {name}", text)
        official.add_argument("source", type=Path, metavar="DIR", help="folder of the download")
        official.add_argument(
            "--out", type=Path, required=True, metavar="DIR", help="folder for the archives"
        )
        official.set_defaults(run=run_official, name=name)

    emnist = add_parser(kinds, "emnist", "download EMNIST", _EMNIST)
    emnist.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the files")
    emnist.add_argument(
        "--name", nargs="+", choices=NAMES, default=["byclass"], metavar="NAME", help=f"of {', '.join(NAMES)}"
    )
    emnist.add_argument("--url", metavar="URL", help="a copy of NIST's archive, with the same checksum")
    emnist.set_defaults(run=run_emnist)

    pack.add(kinds)


def run_fonts(args: argparse.Namespace) -> int:
    """Render characters.

    Raises:
        ConfigError: There are no fonts.
    """
    from ocr_train import rendering  # noqa: PLC0415 - see commands/__init__.py

    print(rendering.prepare(args.out, args.count, args.seed, args.workers))
    return 0


def run_words(args: argparse.Namespace) -> int:
    """Cut characters from words.

    Raises:
        ConfigError: The archive cannot be used.
    """
    from ocr_train.prepare import words  # noqa: PLC0415 - see commands/__init__.py

    print(words.prepare(args.source, args.out, args.seed))
    return 0


def run_lines(args: argparse.Namespace) -> int:
    """Cut lines from pictures.

    Raises:
        ConfigError: The pictures cannot be used.
        ModelError: The bundle cannot, or has no line stage.
    """
    from ocr_edge.bundles import load as bundles  # noqa: PLC0415 - see commands/__init__.py
    from ocr_train.prepare import lines  # noqa: PLC0415

    print(lines.prepare(args.source, args.out, bundles.load(Path(args.bundle) if args.bundle else None)))
    return 0


def run_outlines(args: argparse.Namespace) -> int:
    """Outline lines in pictures.

    Raises:
        ConfigError: The pictures cannot be used.
        ModelError: The bundle cannot, or has no line stage.
    """
    from ocr_edge.bundles import load as bundles  # noqa: PLC0415 - see commands/__init__.py
    from ocr_train.prepare import outlines  # noqa: PLC0415

    print(outlines.prepare(args.source, args.out, bundles.load(Path(args.bundle) if args.bundle else None)))
    return 0


def run_scenes(args: argparse.Namespace) -> int:
    """Draw scenes.

    Raises:
        ConfigError: The recipe, its data or the fonts cannot be used.
    """
    load_keras()
    from ocr_train import recipe as recipes  # noqa: PLC0415 - see commands/__init__.py
    from ocr_train.prepare import scenes  # noqa: PLC0415
    from ocr_train.scenes.recipe import SceneRecipe  # noqa: PLC0415

    recipe = recipes.find(args.recipe)
    if not isinstance(recipe, SceneRecipe):
        raise ConfigError(
            f'recipe {args.recipe}: trains no detector; scenes are drawn by one with stage = "detect"'
        )
    print(scenes.prepare(args.out, recipe, args.data, args.count, args.seed))
    return 0


def run_official(args: argparse.Namespace) -> int:
    """Turn an official download into archives.

    Raises:
        ConfigError: The folder cannot be used.
    """
    from ocr_train.prepare import chars74k, iiit5k  # noqa: PLC0415 - see commands/__init__.py

    for path in {"chars74k": chars74k, "iiit5k": iiit5k}[args.name].prepare(args.source, args.out):
        print(path)
    return 0


def run_emnist(args: argparse.Namespace) -> int:
    """Download EMNIST.

    Raises:
        ConfigError: It cannot be fetched, or is damaged.
    """
    from ocr_train.datasets.download import EMNIST_URL, fetch_emnist  # noqa: PLC0415 - see commands/__init__.py

    for path in fetch_emnist(args.out, args.name, url=args.url or EMNIST_URL):
        print(path)
    return 0


_FONTS = """Print lines of random text in the fonts of this system, photograph them with a make-believe
camera, and cut them with the device's own segmenter."""
_WORDS = """Cut the characters out of labelled pictures with the device's own segmenter. The archive holds
ground_truth.jsonl: a line a picture with file, split and boxes, each with char and xywh."""
_LINES = """Find the line that reads most like the known text in each picture, with the device's own pipeline and a
bundle that has a line stage, and cut it out: pictures of plates or meters that show other text too. Pictures where no
line comes near are left out."""
_OUTLINES = """Outline the line whose text is known, with a bundle that has a detector and a line stage; all else is
marked as neither right nor wrong. The archive is data for scenes:, which teaches a detector with pictures whose text is
known and its place is not."""
_SCENES = """Draw scenes as the training of a detector does: signs, pages, displays, plates, labels and counters before
backgrounds, photographed. The archive is data for scenes:, a third of it in faces that training does not have, for
validation. A training draws its own; this is for looking at, and for comparing detectors."""
_CHARS74K = """Turn the archives of Chars74K, or their unpacked folders, into chars74k_img.tar,
chars74k_hnd.tar and chars74k_fnt.tar."""
_IIIT5K = """Turn the unpacked IIIT 5K-word into iiit5k_chars.tar and iiit5k_chars_test.tar."""
_EMNIST = (
    """Download NIST's archive (562 MB), check it, and unpack the files that emnist:DIR?name=NAME reads."""
)
