"""The bundles that ship with the program, by name. No NumPy: the configuration is read with this."""

from importlib import resources
from pathlib import Path

from ocr_edge.contract.files import MANIFEST_NAME
from ocr_edge.errors import ModelError

SHIPPED = "default"
"""Name of the bundle used where none is asked for."""


def shipped_names() -> tuple[str, ...]:
    """The names of all bundles that ship with the program: the default one first, the others by the alphabet."""
    names = (folder.name for folder in _folder().iterdir() if (folder / MANIFEST_NAME).is_file())
    return tuple(sorted(names, key=lambda name: (name != SHIPPED, name)))


def shipped(name: str = SHIPPED) -> Path:
    """The folder of a bundle that ships with the program.

    Args:
        name: One of ``shipped_names``.

    Raises:
        ModelError: No bundle of that name ships.
    """
    if name not in shipped_names():
        raise ModelError(f"bundle {name!r}: no such name; {said()}")
    return _folder() / name


def named(path: Path, folder: Path = Path()) -> Path:
    """What a user means by a bundle: a folder that is there, else the shipped bundle of that name.

    Args:
        path: A path or a name, as the user wrote it.
        folder: Where relative paths start.

    Returns:
        The bundle's folder; the path itself where neither is there.
    """
    if (folder / path).is_dir() or str(path) not in shipped_names():
        return folder / path
    return shipped(str(path))


def said() -> str:
    """The end of a message about a bundle that is not there."""
    return f"the bundles that ship with the program are {', '.join(shipped_names())}"


def _folder() -> Path:
    return Path(str(resources.files("ocr_edge"))) / "bundles"
