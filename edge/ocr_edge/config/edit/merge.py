"""A table of a document is given its content; what stays keeps its place, its comment and how it is written."""

from collections.abc import Mapping, Sequence
from typing import Any

from ocr_edge.config.edit.add import append, append_entry, is_tables
from ocr_edge.config.edit.library import library
from ocr_edge.config.edit.remove import remove, remove_entry


def merge_table(document: Any, name: str, wanted: Mapping[str, Any]) -> None:
    """Give a table of a document its content."""
    if name not in document:
        append(document, name, wanted)
        return
    _merge(document[name], wanted)
    if not wanted and not document[name].as_string().strip():
        del document[name]


def _merge(table: Any, wanted: Mapping[str, Any]) -> None:
    """Give a table its content; keys that stay keep their place, their comment and how they are written."""
    for key in [key for key in table if key not in wanted]:
        remove(_home(table, key), key)
    for key, value in wanted.items():
        home = _home(table, key)
        if key not in home:
            append(home, key, value)
        elif isinstance(value, Mapping) and isinstance(home[key], Mapping):
            _merge(home[key], value)
        elif is_tables(value) and is_tables(_plain(home[key])):
            merge_tables(home, key, value, _alike(_plain(home[key]), value))
        elif isinstance(value, Mapping) or isinstance(home[key], Mapping):
            remove(home, key)
            append(home, key, value)
        elif not _is_same(_plain(home[key]), value):
            home[key] = value


def _home(table: Any, key: str) -> Any:
    """Where a key of a table stands, or may: a table may be written in several places."""
    if not isinstance(table, library().container.OutOfOrderTableProxy):
        return table
    parts = table._tables  # tomlkit has no public way to them
    own = [part for part in parts if not part.is_super_table()]
    return next((part for part in parts if key in part), (own or parts)[0])


def merge_tables(
    parent: Any, name: str, wanted: Sequence[Mapping[str, Any]], kept: Sequence[int | None]
) -> None:
    """Give a list of tables its content."""
    if not wanted:
        if name in parent:
            remove(parent, name)
        return
    if name not in parent:
        append(parent, name, wanted)
        return
    entries = parent[name]
    before = len(entries)
    for value, place in zip(wanted, kept, strict=True):
        if place is None:
            append_entry(entries, value)
        else:
            _merge(entries[place], value)
    for index in reversed([index for index in range(before) if index not in kept]):
        remove_entry(entries, index)


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
