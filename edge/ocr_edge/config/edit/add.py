"""What is new in a document is written at the end of its table."""

from collections.abc import Mapping
from typing import Any

from ocr_edge.config.edit.library import library
from ocr_edge.config.edit.trivia import end_with_blank, last_lines, take_tail


def append(parent: Any, name: str, value: Any) -> None:
    """Write something new at the end of its table, before the comments that belong to what comes next."""
    tomlkit = library()
    inside = not isinstance(parent, tomlkit.TOMLDocument)
    tail = take_tail(parent) if inside else []
    if isinstance(value, Mapping) or is_tables(value):
        if _is_inline(parent):
            parent.append(name, _inline(value))
        else:
            end_with_blank(parent)
            made = tomlkit.aot() if is_tables(value) else tomlkit.table()
            parent.append(name, made)
            if is_tables(value):
                for each in value:
                    append_entry(parent[name], each)
            else:
                for key, item in value.items():
                    append(parent[name], key, item)
    else:
        parent.append(name, value)
    last_lines(parent).extend(tail)


def append_entry(entries: Any, value: Mapping[str, Any]) -> None:
    """Write one more table at the end of a list of them."""
    tomlkit = library()
    if not isinstance(entries, tomlkit.items.AoT):
        entries.append(_inline(value))
        return
    table, next_one = tomlkit.table(), []
    if len(entries):
        tail = take_tail(entries[-1])
        # Comments without a blank line before them are the region's own.
        split = next((n for n, (_, item) in enumerate(tail) if "\n" in item.as_string()[:1]), len(tail))
        last_lines(entries[-1]).extend(tail[:split])
        next_one = tail[split:]
        end_with_blank(entries[-1])
    for key, item in value.items():
        append(table, key, item)
    entries.append(table)
    last_lines(entries[-1]).extend(next_one)


def _is_inline(table: Any) -> bool:
    """Whether a table is written on one line, or by dotted keys: what is added to it must be too."""
    tomlkit = library()
    if isinstance(table, tomlkit.items.InlineTable):
        return True
    return isinstance(table, tomlkit.items.Table) and bool(table.is_super_table())


def _inline(value: Any) -> Any:
    """Tables written on one line."""
    tomlkit = library()
    if is_tables(value):
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


def is_tables(value: Any) -> bool:
    """Whether a value is a list of tables; an empty list is none."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)
