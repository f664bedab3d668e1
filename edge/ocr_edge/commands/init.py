"""``ocr-edge init``: a first configuration, the address of the page, and a token that opens it once."""

import argparse
import socket
from pathlib import Path
from typing import Any

from ocr_edge.commands.run import add_config
from ocr_edge.errors import ConfigError

SEED = Path("/etc/ocr-edge/config.toml")
"""What the installer gives a fresh service; a live configuration that is still the same was written by nobody."""
SECRET = "page-secret"
"""Name of the secret file, beside the configuration: the service's user must be able to write it."""
PORT = 9464
DOCUMENTATION_ADDRESS = "192.0.2.1"
"""Belongs to nobody (RFC 5737): a socket that points there has this machine's own address, and sends nothing."""

PICAMERA2 = Path("/usr/lib/python3/dist-packages/picamera2")
"""Where apt installs it; the service's installer asks for it, unless it is told --no-camera."""
USB_CAMERAS = Path("/dev/v4l/by-path")
"""There as long as a USB camera is plugged in."""

DESCRIPTION = """Write a first configuration with a page, and print the page's address and a one-time token.

The token opens the page once within a day; then a password is chosen there. Only hashes of both are stored, beside the
configuration. Where a configuration with http.secret_file exists it is kept, and a new token is printed: that is also
the way back in when the password is forgotten."""

FIRST = """# The first configuration of `ocr-edge run`, written by `ocr-edge init`. All keys: config.example.toml

[source]
url = "{source}"

[http]
port = {port}
address = "{address}"          # "127.0.0.1": this machine alone; "0.0.0.0": the whole network
secret_file = "{secret}"      # hashes of password and token; `ocr-edge init` prints a new token

[http.page]
"""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = subparsers.add_parser(
        "init",
        help="write a first configuration, and print the page's address and a one-time token",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config(parser)
    parser.add_argument(
        "--source", metavar="URL", help="where pictures come from (default: the camera found here)"
    )
    parser.add_argument("--port", type=int, metavar="N", help=f"of the page (default: {PORT})")
    parser.add_argument(
        "--network", action="store_true", help="open the page to the network, and not to this machine alone"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="more lines on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write what is missing, and print how to get in.

    Args:
        args: The parsed arguments of ``add``.

    Returns:
        The exit code.

    Raises:
        ConfigError: The configuration there has no secret file, is wrong, or cannot be written.
    """
    from ocr_edge.config import load  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.system.state_dir import as_owner  # noqa: PLC0415
    from ocr_edge.web.secret_file import SecretFile  # noqa: PLC0415

    path: Path = args.config
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with as_owner(path.parent):
            written = _is_new(path)
            source, found = (args.source, "") if args.source else _camera()
            if written:
                _write(path, source, args)
            http = load(path).http
            if http is None or http.page is None or http.secret_file is None:
                raise ConfigError(
                    f"{path}: exists, and is kept; for a page with a password add [http] with"
                    f' secret_file = "{SECRET}" and [http.page], then `ocr-edge init` again'
                )
            token = SecretFile(http.secret_file).new_token()
    except OSError as error:
        raise ConfigError(f"{error.filename}: cannot be written: {error.strerror}") from error
    scheme = "https" if http.cert_file else "http"
    print(f"configuration: {path}{'' if written else ' (kept)'}")
    if written:
        print(f"source:        {source}{found}")
    elif ignored := _ignored(args):
        print(
            f"not taken:     {', '.join(ignored)}: the file is kept; change {', '.join(ignored.values())} in it"
        )
    print(f"page:          {scheme}://{'localhost' if http.is_local else _own_address()}:{http.port}/")
    print(f"token:         {token}   (opens it once, within a day)")
    if http.is_local:
        name = socket.gethostname()
        print(
            f"From another machine: ssh -L {http.port}:localhost:{http.port} {name}, then the address above there."
        )
    if written:
        print(
            f"start it:      sudo systemctl restart ocr-edge    (without the service: ocr-edge run --config {path})"
        )
    return 0


def _is_new(path: Path) -> bool:
    """Whether there is no configuration that somebody has written."""
    try:
        return path.read_bytes() == SEED.read_bytes()
    except FileNotFoundError:
        return not path.exists()


def _ignored(args: argparse.Namespace) -> dict[str, str]:
    """The options that are given and say what only a new configuration takes, each with its key in the file."""
    given = {
        "--source": (args.source is not None, "source.url"),
        "--port": (args.port is not None, "http.port"),
        "--network": (args.network, "http.address"),
    }
    return {option: key for option, (is_given, key) in given.items() if is_given}


def _write(path: Path, source: str, args: argparse.Namespace) -> None:
    from ocr_edge.config.load import parse  # noqa: PLC0415 - see commands/__init__.py

    text = FIRST.format(
        source=source.replace("\\", "\\\\").replace('"', '\\"'),
        port=PORT if args.port is None else args.port,
        address="0.0.0.0" if args.network else "127.0.0.1",
        secret=SECRET,
    )
    parse(text, path)  # refuses a wrong --source or --port before anything is written
    path.write_text(text, encoding="utf-8")


def _camera() -> tuple[str, str]:
    """The camera of this machine, a USB camera where there is no ribbon cable's; and how sure that is, in words."""
    if PICAMERA2.is_dir():
        return "picamera2:0", "   (not tried; `ocr-edge doctor` looks whether a camera is there)"
    if USB_CAMERAS.is_dir():
        return "v4l2:/dev/video0", "   (a camera is there; not tried)"
    return (
        "picamera2:0",
        "   (no camera was found here: change source.url in the configuration, or give --source)",
    )


def _own_address() -> str:
    """This machine's address in its network; its name where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((DOCUMENTATION_ADDRESS, 9))
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
