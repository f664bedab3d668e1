"""Files of the page, as they lie in the package: read by a fixed list of names, never by what somebody asks for."""

from importlib import resources

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


def read(name: str) -> bytes:
    """The content of a file of this folder."""
    return (resources.files(__name__) / name).read_bytes()


def media_type(name: str) -> str:
    """What a file is, for browsers."""
    return TYPES[name.rpartition(".")[2]]
