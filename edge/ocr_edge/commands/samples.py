"""``ocr-edge samples``: look at what was not read for sure, say what it is, and export it for training."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.commands.options import action, folder
from ocr_edge.errors import ConfigError
from ocr_edge.system.state_dir import as_owner

if TYPE_CHECKING:
    from ocr_edge.harvest.folder import Entry, Samples

DESCRIPTION = """Lines that the daemon was not sure of, kept where its configuration has [harvest].

Say what stands in them, on the page or here, export them, and let `ocr-train tune` learn from them."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser(
        "samples",
        help="label and export the lines that were not read for sure",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = action(actions, "list", run_list, "show samples, least sure first")
    listing.add_argument("--all", action="store_true", help="labelled ones too")
    listing.add_argument("--region", metavar="NAME", help="of this region alone")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    show = action(actions, "show", run_show, "show a sample; on a terminal, its picture too")
    show.add_argument("id", metavar="ID")
    show.add_argument("--strip", type=Path, metavar="FILE.png", help="write its picture here")
    show.add_argument("--json", action="store_true", help="one JSON object")
    label = action(
        actions, "label", run_label, "say what stands in a sample; without ID, go through all of them"
    )
    label.add_argument("id", metavar="ID", nargs="?")
    what = label.add_mutually_exclusive_group()
    what.add_argument("--text", help="what is written there")
    what.add_argument("--right", action="store_true", help="it is as it was read")
    what.add_argument("--unreadable", action="store_true", help="no text, or nobody can read it")
    what.add_argument("--undo", action="store_true", help="take its label back")
    export = action(actions, "export", run_export, "write what is labelled as training data")
    export.add_argument("path", metavar="FOLDER|FILE.tar", type=Path)
    export.add_argument("--regions", action="store_true", help="with the names of the regions")
    drop = action(actions, "drop", run_drop, "delete samples")
    drop.add_argument("ids", metavar="ID", nargs="*")
    drop.add_argument("--labelled", action="store_true", help="all that have a label: after an export")
    drop.add_argument("--all", action="store_true", help="all of them")


def run_list(args: argparse.Namespace) -> int:
    """Show the samples; 1 when there is none.

    Raises:
        SamplesError: The folder cannot be read.
    """
    from ocr_edge.harvest.folder import unlabelled  # noqa: PLC0415 - see commands/__init__.py

    samples = _samples(args)
    entries = samples.entries()
    shown = sorted(entries, key=lambda entry: entry.about.id) if args.all else unlabelled(entries)
    shown = [entry for entry in shown if args.region in (None, entry.about.region)]
    for entry in shown:
        print(json.dumps(_plain(entry), ensure_ascii=False) if args.json else _row(entry))
    if not args.json:
        labelled = sum(entry.label is not None for entry in entries)
        damaged = f", {len(samples.damaged)} damaged" if samples.damaged else ""
        none = "There are no samples yet: the daemon keeps some where its configuration has [harvest]"
        said = f"{labelled} of {len(entries)} samples are labelled{'' if shown else '; --all shows them'}"
        print(f"{said if entries else none}{damaged}.", file=sys.stderr)
    return 0 if shown else 1


def run_show(args: argparse.Namespace) -> int:
    """Show a sample.

    Raises:
        ConfigError: There is no such sample, it is damaged, or ``--strip`` cannot be written.
    """
    from ocr_edge.harvest import sample  # noqa: PLC0415 - see commands/__init__.py

    samples = _samples(args)
    entry = _entry(samples, args.id)
    data = _data(samples, args.id)
    if args.strip:
        try:
            args.strip.write_bytes(sample.part(data, "strip"))
        except OSError as error:
            raise ConfigError(f"{args.strip}: cannot be written: {error.strerror}") from error
    if args.json:
        print(json.dumps(_plain(entry, more=True), ensure_ascii=False))
        return 0
    print(_row(entry))
    print(f"{entry.about.why}; read by {entry.about.bundle}")
    for character in entry.about.characters:
        others = ", ".join(f"{text} {p:.0%}" for text, p in character.alternatives[1:] if p >= 0.005)
        print(f"  {character.text} {character.confidence:4.0%}  {others}".rstrip())
    if sys.stdout.isatty():
        _paint(data)
    return 0


def run_label(args: argparse.Namespace) -> int:
    """Label a sample, or one after the other; 1 when there is nothing to label.

    Raises:
        ConfigError: There is no such sample, or nothing says what stands in it.
    """
    from ocr_edge.harvest.labels import Label, label_of  # noqa: PLC0415 - see commands/__init__.py

    samples = _samples(args)
    if args.id is None:
        if args.text is not None or args.right or args.unreadable or args.undo:
            raise ConfigError("samples label: name the ID of a sample; `ocr-edge samples list` shows them")
        return _ask(samples)
    entry = _entry(samples, args.id)
    if not (args.text is not None or args.right or args.unreadable or args.undo):
        raise ConfigError(f"samples label {args.id}: expected --text, --right, --unreadable or --undo")
    label: Label | None = None
    if not args.undo:
        text = "" if args.unreadable else entry.about.text if args.right else args.text
        label = label_of(entry.about, _short(text), time.time())
    with _writing(samples):
        samples.set_label(args.id, label)
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Export what is labelled; 1 when nothing is.

    Raises:
        ConfigError: It cannot be written there.
    """
    from ocr_edge.harvest import export  # noqa: PLC0415 - see commands/__init__.py

    samples = _samples(args)
    count = sum(bool(entry.label and entry.label.text) for entry in samples.entries())
    if not count:
        print("nothing is labelled: `ocr-edge samples label`", file=sys.stderr)
        return 1
    exported = export.files(samples, regions=args.regions)
    write = export.to_archive if args.path.suffix == ".tar" else export.to_folder
    write(args.path, exported)
    print(f"{args.path}: {count} lines. Learn from them: ocr-train tune words:{args.path} --out mybundle")
    return 0


def run_drop(args: argparse.Namespace) -> int:
    """Delete samples; 1 when none was deleted.

    Raises:
        ConfigError: Nothing says which.
    """
    if bool(args.ids) + args.labelled + args.all != 1:
        raise ConfigError("samples drop: expected IDs, --labelled or --all, one of these")
    samples = _samples(args)
    ids = args.ids or [entry.about.id for entry in samples.entries() if args.all or entry.label]
    with _writing(samples):
        count = samples.drop(ids)
        if args.all:
            samples.clean()
    print(f"{count} deleted")
    return 0 if count else 1


def _ask(samples: "Samples") -> int:
    """Go through the samples at a terminal."""
    from ocr_edge.harvest.folder import unlabelled  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.harvest.labels import label_of  # noqa: PLC0415

    left = unlabelled(samples.entries())
    if not left:
        print("There is nothing to label.", file=sys.stderr)
        return 1
    print("Enter: as it was read. Or type what stands there; - nobody can read it, > later, < back, q end.")
    place = 0
    while place < len(left):
        entry = left[place]
        print(f"\n{place + 1} of {len(left)}  {_row(entry)}\n{entry.about.why}")
        if sys.stdout.isatty():
            _paint(_data(samples, entry.about.id))
        try:
            said = input(f"[{entry.about.text}] ").strip()
        except EOFError:
            break
        if said == "q":
            break
        if said in ("<", ">"):
            place = max(0, place - 1) if said == "<" else place + 1
            continue
        text = "" if said == "-" else said or entry.about.text
        with _writing(samples):
            samples.set_label(entry.about.id, label_of(entry.about, _short(text), time.time()))
        place += 1
    return 0


def _short(text: str) -> str:
    if len(text) > 200:
        raise ConfigError(f"a text of {len(text)} characters: expected 200 at most, one line")
    return text


def _entry(samples: "Samples", each: str) -> "Entry":
    for entry in samples.entries():
        if entry.about.id == each:
            return entry
    raise ConfigError(
        f"{each[:100]}: no such sample in {samples.path}; `ocr-edge samples list --all` shows them"
    )


def _data(samples: "Samples", each: str) -> bytes:
    from ocr_edge.harvest.sample import DamagedError, part  # noqa: PLC0415 - see commands/__init__.py

    try:
        data = samples.read(each)
        part(data, "")
    except (KeyError, DamagedError) as error:
        raise ConfigError(f"{each}: {error}") from error
    return data


def _paint(data: bytes) -> None:
    """Draw a strip with half blocks, as large as the terminal is wide."""
    import shutil  # noqa: PLC0415 - see commands/__init__.py

    from ocr_edge.contract.preprocess import resize  # noqa: PLC0415
    from ocr_edge.harvest.sample import strip  # noqa: PLC0415

    image = strip(data)
    wide = min(shutil.get_terminal_size().columns - 1, 3 * image.shape[1])
    high = min(max(8, round(image.shape[0] * wide / image.shape[1])), 40) // 2 * 2
    for upper, lower in zip(*(iter(resize(image, (high, wide)).tolist()),) * 2, strict=True):
        cells = [
            "\x1b[38;2;{};{};{}m\x1b[48;2;{};{};{}m▀".format(*a, *b)
            for a, b in zip(upper, lower, strict=True)
        ]
        print("".join(cells) + "\x1b[0m")


def _row(entry: "Entry") -> str:
    about, label = entry.about, entry.label
    said = "" if label is None else f"  -> {label.text or '(unreadable)'}"
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(min(max(about.time, 0.0), 2e11)))
    return f"{about.id}  {when}  {about.region:<12} {about.reason:<10} {about.confidence:4.0%}  {about.text}{said}"


def _plain(entry: "Entry", *, more: bool = False) -> dict[str, Any]:
    """A sample as plain values."""
    about, label = entry.about, entry.label
    told: dict[str, Any] = {
        "id": about.id,
        "time": about.time,
        "region": about.region,
        "text": about.text,
        "value": about.value,
        "confidence": about.confidence,
        "reason": about.reason,
        "why": about.why,
        "bundle": about.bundle,
        "label": label and {"text": label.text, "kind": label.kind, "at": label.at},
    }
    if more:
        told |= {
            "others": list(about.others),
            "size": list(about.size),
            "characters": [
                {"text": c.text, "confidence": c.confidence, "box": c.box, "alternatives": c.alternatives}
                for c in about.characters
            ],
        }
    return told


@contextmanager
def _writing(samples: "Samples") -> Iterator[None]:
    """A block that writes in the folder, as the user it belongs to."""
    if not samples.path.is_dir():
        raise ConfigError(f"{samples.path}: no samples are there")
    with as_owner(samples.path):
        yield


def _samples(args: argparse.Namespace) -> "Samples":
    from ocr_edge.harvest.folder import NAME, Samples  # noqa: PLC0415 - see commands/__init__.py

    return Samples(folder(args) / NAME)
