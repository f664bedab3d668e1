"""Names of the files we write beside what we read: never an input, never the same one twice."""

import errno
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ocr_edge.errors import ConfigError
from ocr_edge.sinks.base import writing


class Names:
    """Gives each input a file name of its own in one folder.

    The name is the input's without its ending; of several inputs with the same name, the later ones get
    ``-2``, ``-3`` and so on. The same inputs in the same order give the same names again, in every folder.

    Attributes:
        folder: Where the files go.
    """

    def __init__(self, folder: Path, inputs: Sequence[Path]) -> None:
        """Make the folder.

        Args:
            folder: Made with its parents when missing.
            inputs: All files that will be read; none of them is ever overwritten.

        Raises:
            ConfigError: The folder cannot be made, is a file or may not be written to.
        """
        self.folder = folder
        if folder.exists() and not folder.is_dir():
            raise ConfigError(
                f"{folder}: cannot be written: is a file, expected a folder, which may be a new one"
            )
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        self._taken = {os.path.realpath(path) for path in inputs}
        self._stems: dict[Path, str] = {}
        used: set[str] = set()
        for path in inputs:
            # Case is ignored, as some file systems do.
            self._stems[path] = next(stem for stem in _numbered(path.stem) if stem.casefold() not in used)
            used.add(self._stems[path].casefold())

    def path(self, source: Path, ending: str) -> Path:
        """Reserve a file.

        Args:
            source: One of the inputs.
            ending: What follows the name, such as ``.txt``.

        Returns:
            A path in the folder that is no input and was not given before.
        """
        candidates = (self.folder / f"{stem}{ending}" for stem in _numbered(self._stems[source]))
        path = next(path for path in candidates if os.path.realpath(path) not in self._taken)
        self._taken.add(os.path.realpath(path))
        return path


def _numbered(stem: str) -> Iterator[str]:
    """``a``, ``a-2``, ``a-3`` and so on."""
    yield stem
    for number in itertools.count(2):
        yield f"{stem}-{number}"
