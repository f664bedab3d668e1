"""Passwords and tokens: from systemd credentials or files, never from the configuration or a log."""

import os
from pathlib import Path

from ocr_edge.errors import ConfigError
from ocr_edge.system.regular import MAX_SECRET_BYTES, opened

CREDSTORE = "/etc/credstore"
"""Where systemd takes the unit's credentials from; read here by who runs a command by hand."""


def read(name: str) -> str:
    """The secret that a setting names.

    Args:
        name: A path, or a bare name: a file in ``$CREDENTIALS_DIRECTORY`` (systemd's ``LoadCredential=``), and without
            that, the file that systemd would take it from.

    Returns:
        The file's text without the line break at its end; empty for an empty name.

    Raises:
        ConfigError: The file cannot be read, or cannot be a secret.
    """
    if not name:
        return ""
    if "/" in name:
        path = Path(name)
    else:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        path = Path(folder) / name if folder else Path(f"{CREDSTORE}/ocr-edge.{name}")
    try:
        with opened(path) as file:
            content = file.read(MAX_SECRET_BYTES + 1)
        if len(content) > MAX_SECRET_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_SECRET_BYTES >> 10} KiB, which no secret is")
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: a secret must be UTF-8 text") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        own = (
            ""
            if "/" in name
            else f"; a name without a slash is a secret of systemd: for a file write ./{name}"
        )
        raise ConfigError(f"{path}: cannot be read: {reason}{own}") from error
