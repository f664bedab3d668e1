"""The name of this device, the same after every start and unlike that of any other."""

import hashlib
import socket
from pathlib import Path

from ocr_edge.config import Config

_MACHINE_ID = Path("/etc/machine-id")
_SALT = b"ocr-edge"
"""systemd asks programs not to show the machine's id itself (machine-id(5))."""


def device_id(config: Config) -> str:
    """The configured id, or ``ocr-edge-`` and eight figures made from the machine's id."""
    if config.id:
        return config.id
    try:
        secret = _MACHINE_ID.read_bytes().strip()
    except OSError:
        secret = b""
    secret = secret or socket.gethostname().encode()
    return f"ocr-edge-{hashlib.sha256(_SALT + secret).hexdigest()[:8]}"


def device_name(config: Config) -> str:
    """The configured name, or the machine's own."""
    return config.name or socket.gethostname()
