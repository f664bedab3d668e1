"""``ocr-edge bundle``: install, list, verify and roll back model bundles."""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.commands.options import action, folder
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.system.state_dir import for_people

if TYPE_CHECKING:
    from ocr_edge.bundles.installed import Installed

SHIPPED = "shipped"  # as in bundles.listing, which is not loaded for --help
RELOAD = "A running daemon takes it with: sudo systemctl reload ocr-edge"

DESCRIPTION = """Change the model that the daemon reads with.

Installed bundles live in the folder "bundles" below the state folder. A new one is checked against its own hashes
and must read its own test pictures, in a process of its own, before it becomes the active one. The one before stays,
for "rollback"."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser(
        "bundle",
        help="install, list, verify and roll back model bundles",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    install = action(actions, "install", run_install, "check a bundle and make it the active one")
    install.add_argument(
        "path",
        metavar="NAME|PATH",
        type=Path,
        help="bundle's folder, a .zip or .tar.gz of one, or the name of one that ships, such as original",
    )
    listing = action(actions, "list", run_list, "show what is installed")
    listing.add_argument("--json", action="store_true", help="one JSON array, not a table")
    verify = action(actions, "verify", run_verify, "check a bundle's files and its test glyphs")
    verify.add_argument(
        "bundle",
        metavar="NAME|PATH",
        nargs="?",
        default="active",
        help=f"the name of an installed or shipped bundle, active, previous, {SHIPPED}, a folder or an archive"
        " (default: active)",
    )
    action(actions, "rollback", run_rollback, "change back to the bundle before; again: forward")


def run_install(args: argparse.Namespace) -> int:
    """Install a bundle.

    Raises:
        ModelError: There is no such bundle, or what ``Installed.install`` says of it.
    """
    from ocr_edge.bundles.builtin import named, said  # noqa: PLC0415 - see commands/__init__.py

    with _one_line():
        path = named(args.path)
        if not path.exists():
            raise ModelError(f"{path}: no such file or folder; {said()}")
        installed = _installed(args)
        print(f"{installed.install(path).name} is active{_tested(installed)}.\n{RELOAD}")
    return 0


def run_rollback(args: argparse.Namespace) -> int:
    """Go back to the previous bundle; the errors of ``Installed.rollback``."""
    installed = _installed(args, there=True)
    path = installed.rollback()
    print(f"{path.name if path else 'The shipped bundle'} is active again{_tested(installed)}.\n{RELOAD}")
    return 0


def run_list(args: argparse.Namespace) -> int:
    """Show the installed bundles and those that ship."""
    from ocr_edge.bundles import listing  # noqa: PLC0415 - see commands/__init__.py

    rows = listing.rows(_installed(args, there=True))
    if args.json:
        print(json.dumps(rows, indent=1))
        return 0
    print(f"{'':9} {'name':<32} {'created':<10} {'labels':>6} {'size':>8}  int8 correct")
    for row in rows:
        mark = "bad" if row["bad"] else "active" if row["active"] else "previous" if row["previous"] else ""
        correct = "" if row["correct"] is None else f"{row['correct']:.1%} of {row['n']} glyphs"
        text = f"{mark:9} {row['name']:<32} {row['created']:<10} {row['labels'] or '?':>6} {row['size'] / 1e6:>5.1f} MB"
        print(f"{text}  {correct}".rstrip())
        if row["bad"]:
            print(f"{'':9} not used: {row['bad']}")
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Check a bundle.

    Raises:
        ModelError: It is damaged, or there is no such bundle.
    """
    from ocr_edge.bundles import archive, proof  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.bundles.builtin import named, shipped  # noqa: PLC0415

    name, path = _named(_installed(args, there=True), args.bundle)
    with _one_line(), tempfile.TemporaryDirectory() as folder:
        try:
            if path is None:
                path = shipped()
            elif path.exists() and not path.is_dir():
                with archive.opened(path) as files:
                    archive.copy(files, Path(folder))
                path = Path(folder)
            right, count = proof.prove(named(path))
        except ModelError as error:
            raise ModelError(str(error).replace(folder, name)) from error
    print(f"{name}: fine; hashes agree, {right} of {count} test pictures are read as they must be")
    return 0


@contextmanager
def _one_line() -> Iterator[None]:
    """Turn what the disk says into one line.

    Raises:
        ConfigError: A path cannot be looked at, or the temporary folder cannot be written.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigError(f"{str(error.filename or 'disk')[:200]}: {error.strerror}") from error


def _tested(installed: "Installed") -> str:
    """What its proof found; nothing of one that ships and was not proven again."""
    if installed.tested is None:
        return ""
    right, count = installed.tested
    return f"; {right} of {count} test pictures are read as they must be"


def _named(installed: "Installed", name: str) -> tuple[str, Path | None]:
    """What a bundle is called, and its folder or archive; None for the shipped one."""
    if name == SHIPPED:
        return name, None
    if name in {"active", "previous"}:
        path = installed.previous() if name == "previous" else installed.active()
        return (path.name if path else SHIPPED), path
    inside = installed.folder / name
    return name, inside if os.sep not in name and os.path.isdir(inside) else Path(name)


def _installed(args: argparse.Namespace, *, there: bool = False) -> "Installed":
    """The installed bundles; whether the state folder must be there already, or may be made."""
    from ocr_edge.bundles.installed import Installed  # noqa: PLC0415 - see commands/__init__.py

    return Installed(folder(args) if there else args.state_dir or for_people())
