"""What is taken out of a document leaves its comments there."""

from typing import Any

from ocr_edge.config.edit.library import library
from ocr_edge.config.edit.trivia import Trivia, comments_of, container_of, last_lines


def remove(table: Any, key: str) -> None:
    """Take a key away, and leave the comments after it."""
    tomlkit = library()
    value = table[key]
    tail: Trivia = []
    if isinstance(value, tomlkit.items.Table | tomlkit.items.AoT):
        tail = [part for each in (value if isinstance(value, tomlkit.items.AoT) else [value])
                for part in comments_of(each)]  # fmt: skip
    if not tail:
        table.remove(key)
        return
    _place(table, key, tail)


def _place(table: Any, key: str, tail: Trivia) -> None:
    """Put comments where a key stood."""
    tomlkit = library()
    body = container_of(table).body
    place = next(n for n, (name, _) in enumerate(body) if name is not None and name.key == key)
    follower = next((item for name, item in body[place + 1 :] if name is not None), None)
    text = "".join(item.as_string() for _, item in tail)
    table.remove(key)
    if isinstance(follower, tomlkit.items.AoT):
        follower = follower[0]
    if isinstance(follower, tomlkit.items.Table):
        follower.trivia.indent = text + follower.trivia.indent
    else:
        last_lines(table).extend(tail)


def remove_entry(entries: Any, index: int) -> None:
    """Take a table out of a list, and leave the comments in and after it: they may be about what comes next."""
    tomlkit = library()
    if not isinstance(entries, tomlkit.items.AoT):
        del entries[index]
        return
    tail = comments_of(entries[index])
    del entries[index]
    if index < len(entries):
        first = entries[index].trivia
        first.indent = "".join(item.as_string() for _, item in tail) + first.indent
    elif index:
        last_lines(entries[index - 1]).extend(tail)
