"""Where readings and installed bundles live, and writing there as the user they belong to."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ocr_edge.errors import ConfigError

SERVICE = Path("/var/lib/ocr-edge")
"""The state folder of the installed service: ``StateDirectory=ocr-edge`` in its unit."""


_MAY_HEAL = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO}
"""A read-only, full or failing disk: the daemon reads on without it. All else is a wrong folder."""


def is_wrong(folder: Path, error: OSError) -> bool:
    """Whether a folder that could not be made or written is wrong for good; else its disk may heal."""
    return error.errno not in _MAY_HEAL and not is_read_only(folder)


def is_read_only(path: Path) -> bool:
    """Whether the disk of a path, or of the nearest folder above it that is there, is read-only."""
    while True:
        try:
            return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
        except OSError:
            if path == path.parent:
                return False
            path = path.parent


def state_dir(configured: Path | None = None) -> Path:
    """The state folder of this process: the configured one, else systemd's, else the user's own.

    Args:
        configured: ``state_dir`` of the configuration; None where it says nothing.

    Raises:
        ConfigError: None is given, and the user has no home folder.
    """
    if configured is not None:
        return configured
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    try:
        return Path.home() / ".local" / "state" / "ocr-edge"
    except RuntimeError as error:
        raise ConfigError(
            "no home folder to keep the state in; set state_dir in the configuration"
        ) from error


def for_people() -> Path:
    """The state folder a person at a terminal means: the installed service's where there is one, else their own."""
    # Not is_dir: it may be a link to where only root may look.
    if not os.environ.get("STATE_DIRECTORY") and os.path.lexists(SERVICE):
        return SERVICE
    return state_dir()


@contextmanager
def as_owner(folder: Path) -> Iterator[None]:
    """Do as the owner of a folder what root is about to do in it.

    Root's files would be out of reach for the service, and a link left in the folder by whoever owns it would
    make root write elsewhere. For everyone but root nothing changes. Not for a process with other threads at work:
    the identity belongs to all of them.

    Args:
        folder: An existing folder.
    """
    owner = folder.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        yield
        return
    group = os.getegid()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
