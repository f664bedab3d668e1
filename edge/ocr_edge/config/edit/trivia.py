"""Where comments and blank lines of a document are kept."""

from typing import Any

from ocr_edge.config.edit.library import library

Trivia = list[tuple[Any, Any]]
"""Comments and blank lines at the end of a table, as tomlkit keeps them: they belong to what comes next."""


def comments_of(table: Any) -> Trivia:
    """All comments of lines of their own in a table, and the blank lines at its end."""
    tomlkit = library()
    tail = take_tail(table)
    inner: Trivia = []
    for _, item in container_of(table).body:
        if isinstance(item, tomlkit.items.Comment):
            inner.append((None, item))
        elif isinstance(item, tomlkit.items.Table):
            inner += comments_of(item)
    return inner + tail


def take_tail(table: Any) -> Trivia:
    """Take the comments and blank lines off the end of a table."""
    tomlkit = library()
    body = last_lines(table)
    tail: Trivia = []
    while body and isinstance(body[-1][1], tomlkit.items.Whitespace | tomlkit.items.Comment):
        tail.insert(0, body.pop())
    return tail


def end_with_blank(table: Any) -> None:
    """Add a blank line to a table, unless it is empty or ends in one."""
    tomlkit = library()
    body = last_lines(table)
    if body and not (isinstance(body[-1][1], tomlkit.items.Whitespace)):
        body.append((None, tomlkit.items.Whitespace("\n")))


def last_lines(table: Any) -> Trivia:
    """Where the last lines of a table are kept: in the last of the tables in it, if there is one."""
    tomlkit = library()
    container = container_of(table)
    last = container.body[-1][1] if container.body else None
    if isinstance(last, tomlkit.items.AoT) and len(last):
        return last_lines(last[-1])
    if isinstance(last, tomlkit.items.Table):
        return last_lines(last)
    body: Trivia = container.body
    return body


def container_of(table: Any) -> Any:
    """The container of a table or document."""
    tomlkit = library()
    return table if isinstance(table, tomlkit.TOMLDocument) else table.value
