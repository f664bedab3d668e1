"""What a wrong value in the configuration is told: what was found, what was expected, in the words of the file."""

import difflib
import re
import types
import typing
from typing import Any

import msgspec

from ocr_edge.config import expected
from ocr_edge.config.settings import Config, Table

SHOWN = 300
"""Characters of a message: a key may be as long as the file."""
SHOWN_VALUE = 60
"""Characters of the value that was found: enough to find it in the file."""

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`(?: - at `(?P<path>[^`]*)`)?")
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_AT = re.compile(r"^(?P<what>.*?) - at `\$\.?(?P<path>[^`]*)`$", re.DOTALL)
_OF_THE_DECODER = ("Expected `", "Invalid enum value", "Expected path")


def explain(message: str, given: Any) -> str:
    """The decoder's message with the key first, and the nearest known key for an unknown one.

    Args:
        message: Of msgspec, or of a check of ours.
        given: What the file says.
    """
    return short(_told(message, given))


def short(message: str) -> str:
    """A message that people will read to its end."""
    return message if len(message) <= SHOWN else f"{message[:SHOWN]}…"


def _told(message: str, given: Any) -> str:
    if unknown := _UNKNOWN.match(message):
        path = (unknown["path"] or "$").removeprefix("$").removeprefix(".")
        known = _keys(path)
        near = difflib.get_close_matches(unknown["key"], known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known here are {', '.join(known)}"
        return f"{path + ': ' if path else ''}unknown key {unknown['key']!r}; {hint}"
    at = _AT.match(message)
    path, what = (at["path"], at["what"]) if at else ("", re.sub(r" - at `\$`$", "", message))
    if path and what.startswith(_OF_THE_DECODER) and (hint := _hint(path)) is not None:
        found = _value(path, given)
        return f"{path}: found {_shown(path, found)}, expected {_wanted(path, hint, found)}"
    what = _MISSING.sub(r"the key '\1' is missing", what).replace("`", "'")
    return f"{path}: {what}" if path else what


def _wanted(path: str, hint: Any, found: Any) -> str:
    """What a key may be; for one of a few words also which was meant."""
    wanted = expected.words(hint, re.sub(r"\[[^\]]*\]", "", path))
    choices = [choice for choice in expected.choices(hint) if isinstance(choice, str)]
    near = difflib.get_close_matches(found, choices, 1) if isinstance(found, str) else []
    return f"{wanted}; did you mean {near[0]!r}?" if near else wanted


def _steps(path: str) -> list[str]:
    """``region[0].corners[1]`` as ``region``, ``0``, ``corners``, ``1``."""
    return [step for step in re.split(r"[.\[\]]+", path) if step]


def _value(path: str, given: Any) -> Any:
    """The value at a path; None where it cannot be told."""
    for step in _steps(path):
        try:
            given = given[int(step)] if isinstance(given, list) else given[step]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return given


def _shown(path: str, value: Any) -> str:
    """A value as the file has it; an address only as far as it cannot hold a password."""
    if isinstance(value, dict):
        return f"a table, [{_steps(path)[0]}]" if len(_steps(path)) == 1 else "a table"
    if value is None:
        return "something else"
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return "a list of tables"
    if isinstance(value, str) and ("@" in value or "//" in value):
        value = f"{value.partition(':')[0]}:…"
    if isinstance(value, int) and abs(value) > 10**SHOWN_VALUE:  # Python does not write out very long ones
        return "a number of very many digits"
    text = "true" if value is True else "false" if value is False else repr(value)
    return text if len(text) <= SHOWN_VALUE else f"{text[:SHOWN_VALUE]}…"


def _hint(path: str) -> Any:
    """The type of a key, None where it cannot be told."""
    hint: Any = Config
    for step in _steps(path):
        for kind in _alternatives(hint):
            origin = typing.get_origin(kind)
            if isinstance(kind, type) and issubclass(kind, Table):
                hint = typing.get_type_hints(kind, include_extras=True).get(step)
                break
            if origin is tuple:
                inner = typing.get_args(kind)
                hint = (
                    inner[0]
                    if inner[-1] is ...
                    else inner[int(step)]
                    if step.isdigit() and int(step) < len(inner)
                    else None
                )
                break
        else:
            return None
        if hint is None:
            return None
    return hint


def _alternatives(hint: Any) -> list[Any]:
    """The members of a union, without what is annotated."""
    if typing.get_origin(hint) is typing.Annotated:
        return _alternatives(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [kind for inner in typing.get_args(hint) for kind in _alternatives(inner)]
    return [hint]


def _keys(path: str) -> list[str]:
    """The keys known in a table, such as ``source.picamera2`` or ``region[...]``."""
    kinds = _alternatives(_hint(re.sub(r"\[\.\.\.\]", "[0]", path)) if path else Config)
    table = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Table)), Config)
    return [field.name for field in msgspec.structs.fields(table)]
