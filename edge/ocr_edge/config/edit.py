"""A configuration with other regions, marks and limits: only what changes is touched, and every comment stays."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from ocr_edge.errors import ConfigError

BY_HAND = "the page cannot change this file; change it by hand"
Trivia = list[tuple[Any, Any]]
"""Comments and blank lines at the end of a table, as tomlkit keeps them: they belong to what comes next."""


def library() -> Any:
    """The package that keeps comments, which only those load who save on the page.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        import tomlkit  # noqa: PLC0415 - see above
    except ImportError as error:
        raise ConfigError("saving needs tomlkit: pip install 'ocr-edge[web]'") from error
    return tomlkit


def edited(text: str, tables: Mapping[str, Any], kept: Sequence[int | None]) -> str:
    """The text of a configuration with other content in some of its tables.

    Args:
        text: What the file says now.
        tables: The whole content of each table that is to change, as plain values; ``region`` is a list.
        kept: For each region, which one of the file's it was (ascending), or None for a new one.

    Raises:
        ConfigError: The text is written in a way that cannot be kept.
    """
    tomlkit = library()
    ending = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    text += "" if text.endswith("\n") or not text else "\n"
    try:
        wanted = tomllib.loads(text) | dict(tables)
        document = tomlkit.parse(text)
        if document.as_string() != text:
            raise ConfigError(
                f"{BY_HAND}: tables of one name, such as [[region]], do not stand one after the other"
            )
        for name, value in tables.items():
            if name == "region":
                _list(document, name, value, kept)
            elif value or name in document:
                _table(document, name, value)
        made: str = document.as_string()
        if _filled(tomllib.loads(made)) != _filled(wanted):
            raise ConfigError(f"{BY_HAND}: it is written in an unusual way")
    except (tomlkit.exceptions.TOMLKitError, tomllib.TOMLDecodeError, KeyError, ValueError) as error:
        raise ConfigError(f"{BY_HAND}: {error}") from error
    return made.replace("\n", ending)


def _filled(tables: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without the tables that are empty, which say nothing."""
    return {name: value for name, value in tables.items() if value not in ({}, [])}


def _table(document: Any, name: str, wanted: Mapping[str, Any]) -> None:
    """Give a table of a document its content."""
    if name not in document:
        _append(document, name, wanted)
        return
    _merge(document[name], wanted)
    if not wanted and not document[name].as_string().strip():
        del document[name]


def _merge(table: Any, wanted: Mapping[str, Any]) -> None:
    """Give a table its content; keys that stay keep their place, their comment and how they are written."""
    for key in [key for key in table if key not in wanted]:
        _remove(_home(table, key), key)
    for key, value in wanted.items():
        home = _home(table, key)
        if key not in home:
            _append(home, key, value)
        elif isinstance(value, Mapping) and isinstance(home[key], Mapping):
            _merge(home[key], value)
        elif _is_tables(value) and _is_tables(_plain(home[key])):
            _list(home, key, value, _alike(_plain(home[key]), value))
        elif isinstance(value, Mapping) or isinstance(home[key], Mapping):
            _remove(home, key)
            _append(home, key, value)
        elif not _is_same(_plain(home[key]), value):
            home[key] = value


def _home(table: Any, key: str) -> Any:
    """Where a key of a table stands, or may: a table may be written in several places."""
    if not isinstance(table, library().container.OutOfOrderTableProxy):
        return table
    parts = table._tables  # tomlkit has no public way to them
    own = [part for part in parts if not part.is_super_table()]
    return next((part for part in parts if key in part), (own or parts)[0])


def _list(parent: Any, name: str, wanted: Sequence[Mapping[str, Any]], kept: Sequence[int | None]) -> None:
    """Give a list of tables its content."""
    if not wanted:
        if name in parent:
            _remove(parent, name)
        return
    if name not in parent:
        _append(parent, name, wanted)
        return
    entries = parent[name]
    before = len(entries)
    for value, place in zip(wanted, kept, strict=True):
        if place is None:
            _append_entry(entries, value)
        else:
            _merge(entries[place], value)
    for index in reversed([index for index in range(before) if index not in kept]):
        _remove_entry(entries, index)


def _append(parent: Any, name: str, value: Any) -> None:
    """Write something new at the end of its table, before the comments that belong to what comes next."""
    tomlkit = library()
    inside = not isinstance(parent, tomlkit.TOMLDocument)
    tail = _tail(parent) if inside else []
    if isinstance(value, Mapping) or _is_tables(value):
        if _is_inline(parent):
            parent.append(name, _inline(value))
        else:
            _end(parent)
            made = tomlkit.aot() if _is_tables(value) else tomlkit.table()
            parent.append(name, made)
            if _is_tables(value):
                for each in value:
                    _append_entry(parent[name], each)
            else:
                for key, item in value.items():
                    _append(parent[name], key, item)
    else:
        parent.append(name, value)
    _body(parent).extend(tail)


def _append_entry(entries: Any, value: Mapping[str, Any]) -> None:
    tomlkit = library()
    if not isinstance(entries, tomlkit.items.AoT):
        entries.append(_inline(value))
        return
    table, next_one = tomlkit.table(), []
    if len(entries):
        tail = _tail(entries[-1])
        # Comments without a blank line before them are the region's own.
        split = next((n for n, (_, item) in enumerate(tail) if "\n" in item.as_string()[:1]), len(tail))
        _body(entries[-1]).extend(tail[:split])
        next_one = tail[split:]
        _end(entries[-1])
    for key, item in value.items():
        _append(table, key, item)
    entries.append(table)
    _body(entries[-1]).extend(next_one)


def _remove(table: Any, key: str) -> None:
    """Take a key away, and leave the comments after it."""
    tomlkit = library()
    value = table[key]
    tail: Trivia = []
    if isinstance(value, tomlkit.items.Table | tomlkit.items.AoT):
        tail = [part for each in (value if isinstance(value, tomlkit.items.AoT) else [value])
                for part in _comments(each)]  # fmt: skip
    if not tail:
        table.remove(key)
        return
    _place(table, key, tail)


def _place(table: Any, key: str, tail: Trivia) -> None:
    """Put comments where a key stood."""
    tomlkit = library()
    body = _own(table).body
    place = next(n for n, (name, _) in enumerate(body) if name is not None and name.key == key)
    follower = next((item for name, item in body[place + 1 :] if name is not None), None)
    text = "".join(item.as_string() for _, item in tail)
    table.remove(key)
    if isinstance(follower, tomlkit.items.AoT):
        follower = follower[0]
    if isinstance(follower, tomlkit.items.Table):
        follower.trivia.indent = text + follower.trivia.indent
    else:
        _body(table).extend(tail)


def _remove_entry(entries: Any, index: int) -> None:
    """Take a table out of a list, and leave the comments in and after it: they may be about what comes next."""
    tomlkit = library()
    if not isinstance(entries, tomlkit.items.AoT):
        del entries[index]
        return
    tail = _comments(entries[index])
    del entries[index]
    if index < len(entries):
        first = entries[index].trivia
        first.indent = "".join(item.as_string() for _, item in tail) + first.indent
    elif index:
        _body(entries[index - 1]).extend(tail)


def _comments(table: Any) -> Trivia:
    """All comments of lines of their own in a table, and the blank lines at its end."""
    tomlkit = library()
    tail = _tail(table)
    inner: Trivia = []
    for _, item in _own(table).body:
        if isinstance(item, tomlkit.items.Comment):
            inner.append((None, item))
        elif isinstance(item, tomlkit.items.Table):
            inner += _comments(item)
    return inner + tail


def _tail(table: Any) -> Trivia:
    """Take the comments and blank lines off the end of a table."""
    tomlkit = library()
    body = _body(table)
    tail: Trivia = []
    while body and isinstance(body[-1][1], tomlkit.items.Whitespace | tomlkit.items.Comment):
        tail.insert(0, body.pop())
    return tail


def _end(table: Any) -> None:
    """Have a blank line at the end of a table that has something."""
    tomlkit = library()
    body = _body(table)
    if body and not (isinstance(body[-1][1], tomlkit.items.Whitespace)):
        body.append((None, tomlkit.items.Whitespace("\n")))


def _body(table: Any) -> Trivia:
    """Where the last lines of a table are kept: in the last of the tables in it, if there is one."""
    tomlkit = library()
    container = _own(table)
    last = container.body[-1][1] if container.body else None
    if isinstance(last, tomlkit.items.AoT) and len(last):
        return _body(last[-1])
    if isinstance(last, tomlkit.items.Table):
        return _body(last)
    body: Trivia = container.body
    return body


def _own(table: Any) -> Any:
    """The container of a table or document."""
    tomlkit = library()
    return table if isinstance(table, tomlkit.TOMLDocument) else table.value


def _is_inline(table: Any) -> bool:
    """Whether a table is written on one line, or by dotted keys: what is added to it must be too."""
    tomlkit = library()
    if isinstance(table, tomlkit.items.InlineTable):
        return True
    return isinstance(table, tomlkit.items.Table) and bool(table.is_super_table())


def _inline(value: Any) -> Any:
    """Tables written on one line."""
    tomlkit = library()
    if _is_tables(value):
        made = tomlkit.array()
        for each in value:
            made.append(_inline(each))
        return made
    if not isinstance(value, Mapping):
        return value
    table = tomlkit.inline_table()
    for key, item in value.items():
        table.append(key, _inline(item))
    return table


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _alike(before: Sequence[Any], wanted: Sequence[Any]) -> list[int | None]:
    """Which of the tables there were each wanted one is: in order, where some are gone those with the same content."""
    if len(before) <= len(wanted):
        return [n if n < len(before) else None for n in range(len(wanted))]
    kept: list[int | None] = []
    first = 0
    for value in wanted:
        place = next((n for n in range(first, len(before)) if before[n] == value), None)
        kept.append(place)
        first = first if place is None else place + 1
    return kept


def _plain(item: Any) -> Any:
    return item.unwrap() if hasattr(item, "unwrap") else item


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of one type: TOML tells 1 from 1.0 and from true."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return type(one) is type(other) and one == other
