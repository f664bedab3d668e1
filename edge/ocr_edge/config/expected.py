"""What a key of the configuration may be, in words made from its type."""

import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Meta

from ocr_edge.config.settings import Table

PLAIN = {
    str: "a text in quotes",
    bool: "true or false, without quotes",
    int: "a whole number",
    float: "a number",
    Path: "a path in quotes",
}


def words(hint: Any, key: str = "") -> str:
    """What a type allows.

    Args:
        hint: The type, with what is annotated.
        key: The key's path without indices, for tables.
    """
    if typing.get_origin(hint) is typing.Annotated:
        kind, *more = typing.get_args(hint)
        metas = [meta for meta in more if isinstance(meta, Meta)]
        told = next((meta.description for meta in metas if meta.description), "")
        return (told or words(kind, key) + "".join(map(_limits, metas))) + "".join(map(_example, metas))
    if chosen := choices(hint):
        return f"{'one of ' if len(chosen) > 1 else ''}{', '.join(map(repr, chosen))}"
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        return " or ".join(words(kind, key) for kind in inner)
    if typing.get_origin(hint) is tuple:
        return _of_list(typing.get_args(hint), key)
    if isinstance(hint, type) and issubclass(hint, Table):
        return f"a table, [{key}]"
    return PLAIN.get(hint, "something else")


def choices(hint: Any) -> Sequence[Any]:
    """The values of a key that has a few; empty for any other one."""
    if typing.get_origin(hint) is typing.Annotated:
        return choices(typing.get_args(hint)[0])
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        return choices(inner[0]) if len(inner) == 1 else ()
    return ()


def _of_list(inner: Sequence[Any], key: str) -> str:
    first = inner[0]
    if isinstance(first, type) and issubclass(first, Table):
        return f"tables, each with [[{key}]] in double brackets"
    if inner[-1] is ...:
        return f"a list in square brackets, each {words(first, key)}"
    return f"a list of {len(inner)} in square brackets, each {words(first, key)}"


def _limits(meta: Meta) -> str:
    lower = (
        f"from {meta.ge:,}" if meta.ge is not None else f"above {meta.gt:,}" if meta.gt is not None else ""
    )
    upper = f"to {meta.le:,}" if meta.le is not None else f"below {meta.lt:,}" if meta.lt is not None else ""
    length = "not empty" if meta.min_length else ""
    return "".join(
        f" {part}"
        for part in (lower, "and" if lower and upper.startswith("below") else "", upper, length)
        if part
    )


def _example(meta: Meta) -> str:
    return f", such as {meta.examples[0]}" if meta.examples else ""
