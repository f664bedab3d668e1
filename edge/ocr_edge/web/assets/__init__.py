"""Files of the page, as they lie in the package: read by a fixed list of names, never by what somebody asks for."""

from importlib import resources
from string import Template

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
PAGES = {
    "/": "live",
    "/history": "history",
    "/samples": "samples",
    "/state": "state",
    "/setup": "setup",
    "/models": "models",
}
"""The pages, in the order of the navigation: where each is, and the name of its content and script."""


def read(name: str) -> bytes:
    """The content of a file of this folder."""
    return (resources.files(__name__) / name).read_bytes()


def page(path: str) -> bytes:
    """A page of ``PAGES``: its content in the frame that all share."""
    name = PAGES[path]
    current = {path: ' aria-current="page"'}
    links = "".join(
        f'<a href="{other}"{current.get(other, "")}>{title.title()}</a>' for other, title in PAGES.items()
    )
    frame = Template(read("frame.html").decode())
    content = read(f"{name}.html").decode()
    return frame.substitute(title=name.title(), script=f"{name}.js", pages=links, main=content).encode()


def media_type(name: str) -> str:
    """What a file is, for browsers."""
    return TYPES[name.rpartition(".")[2]]
