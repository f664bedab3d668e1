"""What a file that is not TOML is told: the line, what is wrong with it, and what to write."""

import re

_AT = re.compile(r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$", re.DOTALL)
_PAIR = re.compile(r"""^\s*(?P<key>[\w."'-]+)\s*=\s*(?P<value>.*)$""")
_QUOTED = re.compile(r'^"(?P<text>[^"\']*)"\s*(#.*)?$')
_BACKSLASH = ("Unescaped '\\", "Invalid hex value", "Escaped character")
_NO_PAIR = ("Expected '='", "Invalid statement", "Invalid initial character for a key part")
_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot redefine", "Cannot mutate", "Duplicate inline")
_OPEN = {
    "Unclosed array": "a list without its closing ]",
    "Unclosed inline table": "a table without its closing }",
    "Expected ']'": "a table's name without its closing ]",
    "Unterminated string": "a text without its closing quote",
    'Expected "\'"': "a text without its closing quote",
    "Illegal character": "a text without its closing quote, or a character that nobody sees",
}
SHOWN = 80
"""Characters of a line that are shown."""


def explain(message: str, text: str) -> str:
    """What ``tomllib`` found, in words.

    Args:
        message: Its error.
        text: The file.

    Returns:
        One line, with the number of the line in the file where that is known.
    """
    at = _AT.match(message)
    if at is None:
        return f"is not TOML: {message}"
    left_open = next((words for start, words in _OPEN.items() if at["what"].startswith(start)), "")
    if left_open and at["line"] is None:  # it was looked for to the end, and may have begun anywhere
        return f"is not TOML: {left_open}"
    lines = text.rstrip().split("\n")
    number = int(at["line"] or len(lines))
    line = lines[number - 1].strip() if number <= len(lines) else ""
    return f"line {number} is not TOML: {left_open or _words(at['what'], line)}"


def _words(what: str, line: str) -> str:
    pair = _PAIR.match(line)
    key, value = (_short(pair["key"]), pair["value"]) if pair else ("", "")
    if what.startswith(_BACKSLASH):  # an address is not shown: it may hold a password
        quoted = _QUOTED.match(value)
        example = f"{key} = '{quoted['text']}'" if quoted and "//" not in value else "pattern = '\\d+'"
        return f"a backslash in double quotes; use single quotes: {_short(example)}"
    if what.startswith(_TWICE):
        return _twice(line, key)
    if what == "Invalid value" and key:
        return f'{key} has no value that TOML knows; a text needs quotes: {key} = "..."'
    if what.startswith("Expected newline") and key:
        return f"something is left after the value of {key}; a text needs quotes around all of it"
    if what.startswith(_NO_PAIR):
        return "expected KEY = VALUE, or the name of a table in brackets, such as [source]"
    return what


def _twice(line: str, key: str) -> str:
    if line.startswith("["):
        return f"{_short(line)} is there twice; a table stands once, a list of tables has [[ ]] each time"
    name = key or _short(line.partition("=")[0].strip())
    return f"the key {name!r} is there twice; keep one, or begin another table above it"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
