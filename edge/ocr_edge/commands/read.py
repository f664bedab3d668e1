"""``ocr-edge read``: pictures, folders and videos, once."""

import argparse
import logging
import math
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.commands import region_options
from ocr_edge.errors import CaptureError, OcrEdgeError
from ocr_edge.sources.paths import ANNOTATED, expand, is_video

if TYPE_CHECKING:
    from ocr_edge.contract.types import Image
    from ocr_edge.reader import Reader
    from ocr_edge.reading import Reading
    from ocr_edge.sinks.base import Sink
    from ocr_edge.sinks.names import Names
    from ocr_edge.trial.once import Once

_LOGGER = logging.getLogger(__name__)

SAID_NO = 1

DESCRIPTION = """Read the text in pictures and videos.

PATH is a picture, a video, a folder (its pictures and videos, in natural order) or a quoted pattern such as
'photos/**/*.jpg'. A file that cannot be read is one line on stderr, and the next ones are still read;
the exit code is 4 then.

As text, one picture gives its lines alone. Several inputs, a folder, a pattern or a video give "SOURCE: "
before each line, and "SOURCE:" alone where there is no text. Why there is none is said on stderr. A video's
SOURCE ends in #t= and the seconds into the video. JSON is one object per line; XML is one document."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser(
        "read",
        help="read pictures, folders and videos, once",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", help="picture, video, folder or quoted pattern")
    parser.add_argument(
        "--bundle",
        type=Path,
        metavar="B",
        help="folder of the model bundle, or the name of one that ships, such as original (default: default)",
    )
    parser.add_argument("--format", choices=("text", "json", "xml"), default="text", help="default: text")
    parser.add_argument(
        "--confidence", action="store_true", help="as text: a tab and the confidence, 0 to 1, after each line"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write NAME.txt, .json or .xml per input here, not stdout"
    )
    parser.add_argument(
        "--annotate", type=Path, metavar="DIR", help="write NAME.annotated.jpg with boxes and text here"
    )
    parser.add_argument(
        "--explain", type=Path, metavar="DIR", help="write pictures of every step into DIR/NAME here"
    )
    parser.add_argument(
        "--reader",
        choices=("auto", "line", "characters"),
        default="auto",
        help="stages of the bundle that read: those for lines, those for characters, or auto, the first that can"
        " (default: auto)",
    )
    parser.add_argument("--pattern", metavar="P", help="what a line must look like: a regular expression")
    parser.add_argument(
        "--check", default="", metavar="NAME", help="check digit of the pattern's texts, such as luhn"
    )
    parser.add_argument(
        "--rows",
        type=_rows,
        metavar="N",
        help="rows that one text goes over, 2 to 4, or any: they are read as one, with one pattern over all",
    )
    parser.add_argument(
        "--min-margin",
        type=_nats,
        metavar="N",
        help="nats by which the pattern may overrule the picture (default: 3)",
    )
    parser.add_argument(
        "--every", type=_seconds, default=1.0, metavar="SECONDS", help="of video per frame (default: 1)"
    )
    parser.add_argument("--threads", type=_count, default=1, metavar="N", help="CPU threads (default: 1)")
    parser.add_argument("--require-text", action="store_true", help="exit with 1 when an input has no text")
    parser.add_argument("-v", "--verbose", action="store_true", help="more lines on stderr")
    region_options.add(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read everything that the arguments name.

    Args:
        args: The parsed arguments of ``add``.

    Returns:
        4 when an input could not be read, else 1 when text was demanded and an input has none, else 0.

    Raises:
        ConfigError: The region, the pattern, its check, ``--out``, ``--annotate`` or ``--explain`` is wrong, or the
            results cannot be written.
        ModelError: The bundle is wrong.
    """
    from ocr_edge.sinks.names import Names  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.sinks.streams import ENDINGS, FileSink, NoSink, StdoutSink  # noqa: PLC0415

    inputs: list[Path] = []
    failed = False
    try:
        # One by one: the error for arguments that match nothing comes after the files of the others.
        for path in expand(args.paths):
            inputs.append(path)
    except CaptureError as error:
        _LOGGER.error("%s", error)
        failed = True
    if not inputs:
        return CaptureError.exit_code
    alone = len(args.paths) == 1 and os.path.isfile(args.paths[0]) and not is_video(inputs[0])
    texts = Names(args.out, inputs) if args.out else None
    pictures = Names(args.annotate, inputs) if args.annotate else None
    explained = Names(args.explain, inputs) if args.explain else None
    reader = open_reader(args)
    without_text = 0
    sure: bool = args.confidence
    with closing(
        StdoutSink(args.format, named=not alone, sure=sure) if texts is None else NoSink()
    ) as shared:
        for path in inputs:
            try:
                if texts is None:
                    found = _read(path, args, reader, shared, pictures, explained)
                else:
                    file = texts.path(path, ENDINGS[args.format])
                    with closing(FileSink(args.format, file, named=is_video(path), sure=sure)) as sink:
                        found = _read(path, args, reader, sink, pictures, explained)
            except CaptureError as error:
                _LOGGER.error("%s", error)
                failed = True
            except (OcrEdgeError, OSError):  # the bundle or the output: the next picture would end the same
                raise
            except Exception as error:
                # A mistake of ours, or no memory, costs this picture and no other.
                what = " ".join(f"{type(error).__name__}: {error}".split())
                _LOGGER.error("%s: not read, the program failed on it (%s); please report it", path, what)
                _LOGGER.debug("%s", path, exc_info=True)
                failed = True
            else:
                without_text += not found
    if failed:
        return CaptureError.exit_code
    return SAID_NO if args.require_text and without_text else 0


def open_reader(args: argparse.Namespace) -> "Reader | Once":
    """What reads as the arguments say.

    Raises:
        ConfigError: The region, the pattern or its check is wrong.
        ModelError: The bundle is wrong, or lacks the reader that is wanted.
    """
    if region_options.is_wanted(args):
        return region_options.once(args)
    from ocr_edge.decode.pattern import MIN_MARGIN  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.reader import Reader  # noqa: PLC0415

    return Reader(
        args.bundle,
        pattern=args.pattern,
        check=args.check,
        reader=args.reader,
        rows=args.rows,
        min_margin=MIN_MARGIN if args.min_margin is None else args.min_margin,
        threads=args.threads,
        traced=args.explain is not None,
    )


def _read(
    path: Path,
    args: argparse.Namespace,
    reader: "Reader | Once",
    sink: "Sink",
    pictures: "Names | None",
    explained: "Names | None",
) -> bool:
    """Read one file into a sink, and its annotated and explained pictures; whether any text was in it."""
    from ocr_edge.reading import plain  # noqa: PLC0415
    from ocr_edge.sinks.annotate import annotate, save  # noqa: PLC0415

    found = False
    modified = _modified(path)
    for image, seconds in _images(path, args.every):
        source = str(path) if seconds is None else f"{path}#t={seconds:.2f}"
        reading = reader.read(image, source=source, time=modified + (seconds or 0.0))
        sink.publish(reading)
        if pictures is not None:
            ending = ANNOTATED if seconds is None else f".{seconds:08.2f}s{ANNOTATED}"
            save(annotate(image, reading), pictures.path(path, ending))
        if explained is not None:
            ending = "" if seconds is None else f".{seconds:08.2f}s"
            _explain(reader, reading, explained.path(path, ending))
        if reading.lines:
            found = True
            continue
        # A line for each frame of a video would be too much; a result that is no text has it in itself.
        level = logging.WARNING if seconds is None and args.format == "text" else logging.INFO
        what = f'no value in "{" / ".join(reading.raw.splitlines())}"' if reading.raw else "nothing read"
        why = plain(reading.why, args.number_format) + region_options.advice(reading.raw, reading.why)
        _LOGGER.log(level, "%s: %s: %s", source, what, why)
    return found


def _explain(reader: "Reader | Once", reading: "Reading", target: Path) -> None:
    """Write how a reader that remembers it came to a reading."""
    from ocr_edge.explain import folder  # noqa: PLC0415

    if reader.recording is not None:
        folder.write(reader.recording, reading, target)


def _images(path: Path, every_s: float) -> "Iterator[tuple[Image, float | None]]":
    """The picture, or a video's frames with their seconds."""
    from ocr_edge.sources import pictures, video  # noqa: PLC0415

    if not is_video(path):
        yield pictures.load(path), None
        return
    for seconds, frame in video.frames(path, every_s):
        yield frame, seconds


def _modified(path: Path) -> float:
    """When a file was last changed, in epoch seconds: the nearest to a time of capture that files have."""
    try:
        return path.stat().st_mtime
    except OSError:  # reading it will say why
        return 0.0


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise ValueError
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _rows(text: str) -> int | str:
    if text == "any":
        return text
    value = int(text)
    if not 2 <= value <= 4:
        raise ValueError
    return value


def _nats(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise ValueError
    return value


# What a wrong value is told that was expected.
_seconds.__name__, _count.__name__ = "seconds, above 0", "a whole number from 1"
_nats.__name__, _rows.__name__ = "a number, 0 or more", "2, 3, 4 or any"
