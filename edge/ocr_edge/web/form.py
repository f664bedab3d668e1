"""The fields of a form, made from the structs of the settings: kind, limits, default and what each means."""

import ast
import inspect
import re
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import inspect as kinds

from ocr_edge.config.settings import Picture, Region, Stabilize

IN_FILE = {
    "size": "coordinates would mean something else",
    "reference": "a path: it is taken from the picture on the page instead",
    "mark": "marks are drawn",
    "blank_outside": "whoever opens the page must not uncover what its owner has covered",
}
"""Keys of ``[picture]`` that have no field, and why."""
FEW = 10
"""Whole numbers that are offered as a choice at most."""
_SENTENCE = re.compile(r"(?<=[^.])\. (?=[A-Z])")
_SOURCE = re.compile(r": see ocr_edge[\w.]*\w")
"""Where programmers look further."""


def form() -> dict[str, list[dict[str, Any]]]:
    """The fields of a region, of the picture and of ``[stabilize]``."""
    picture = [field for field in fields(Picture) if field["name"] not in IN_FILE]
    return {"region": fields(Region), "picture": picture, "stabilize": fields(Stabilize)}


def fields(table: type[msgspec.Struct]) -> list[dict[str, Any]]:
    """The fields of a struct, in its order, ready for JSON."""
    info = kinds.type_info(table)
    assert isinstance(info, kinds.StructType)
    helps = _helps(table)
    made = []
    for field in info.fields:
        found = _kind(field.type)
        default = None if field.default is msgspec.NODEFAULT else field.default
        plain = None if isinstance(default, msgspec.Struct) else default
        made.append({"name": field.name, "help": helps.get(field.name, ""), "default": plain} | found)
    return made


def _kind(kind: kinds.Type) -> dict[str, Any]:  # noqa: PLR0911 - a table
    """What is typed or chosen for a type."""
    match kind:
        case kinds.Metadata():  # what a mistake is told: its words and examples
            return _kind(kind.type)
        case kinds.UnionType():
            inner = [each for each in kind.types if not isinstance(each, kinds.NoneType)]
            is_open = len(inner) < len(kind.types)
            if len(inner) == 1:
                return _kind(inner[0]) | {"optional": is_open}
            return {
                "kind": "choice",
                "choices": [c for each in inner for c in _choices(each)],
                "optional": is_open,
            }
        case kinds.LiteralType():
            return {"kind": "choice", "choices": _choices(kind)}
        case kinds.BoolType():
            return {"kind": "flag"}
        case kinds.IntType() | kinds.FloatType():
            least = kind.ge if kind.ge is not None else kind.gt
            most = kind.le if kind.le is not None else kind.lt
            whole = isinstance(kind, kinds.IntType)
            return {"kind": "whole" if whole else "number", "least": least, "most": most}
        case kinds.StructType():
            return {"kind": "table", "fields": fields(kind.cls)}
        case kinds.TupleType():
            return {"kind": "corners"}
        case kinds.VarTupleType():
            return {"kind": "list"}
    return {"kind": "text"}


def _choices(kind: kinds.Type) -> list[Any]:
    """The values of a type that has few."""
    if isinstance(kind, kinds.LiteralType):
        return list(kind.values)
    assert isinstance(kind, kinds.IntType)
    assert kind.ge is not None
    assert kind.le is not None
    assert kind.le - kind.ge < FEW
    return list(range(kind.ge, kind.le + 1))


@cache
def _helps(table: type[msgspec.Struct]) -> Mapping[str, str]:
    """The first sentence of what stands below each field in a struct's source."""
    (written,) = ast.parse(inspect.getsource(table)).body
    assert isinstance(written, ast.ClassDef)
    found = {}
    for field, below in pairwise(written.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                plain = _SOURCE.sub("", " ".join(text.replace("``", "").split()))
                found[name] = _SENTENCE.split(plain)[0].rstrip(".:")
    return found
