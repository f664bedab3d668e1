"""Regular expressions, the part that a line of text needs: from what the owner wrote to a small tree."""

from typing import NoReturn

from ocr_edge.decode.regex_tree import (
    Anchor,
    Chars,
    Choice,
    Concat,
    Node,
    Ranges,
    Repeat,
    misplaced,
    positions,
    refuse,
)

MAX_WRITTEN = 1000
"""Longest pattern, in characters as written."""
MAX_DEPTH = 50
"""Deepest nesting of groups."""
MAX_REPEAT = 64
"""Highest count in ``{n}``; no line is longer."""
MAX_POSITIONS = 1000
"""Most characters and classes a pattern may have when its repetitions are written out."""

_ALL: Ranges = ((0, 0x10FFFF),)
_SETS: dict[str, Ranges] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 13), (32, 32)),
}
_REPEATS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_GROUPS = {
    "(?=": "a lookahead",
    "(?!": "a lookahead",
    "(?<=": "a lookbehind",
    "(?<!": "a lookbehind",
    "(?P=": "a backreference",
    "(?P<": "a named group",
    "(?<": "a named group",
    "(?>": "an atomic group",
    "(?#": "a comment",
    "(?(": "a condition",
    "(?": "a flag or an unknown kind of group",
}
_ASSERTIONS = "bBAZzG"
_GAPS = {" ", "\\ ", "\\s"}
_COUNTS = "{n}, {n,} or {n,m}, or \\{ for the brace itself"


def parse(text: str) -> Node:
    r"""Read a pattern.

    Known are characters, ``\`` before a mark that means something else, ``.``, classes such as ``[A-Z0-9]`` and
    ``[^IOQ]``, ``\d \D \w \W \s \S`` (ASCII), ``* + ? {n} {n,} {n,m}``, ``|``, ``(...)`` and ``(?:...)``, ``^`` at the
    start and ``$`` at the end. A blank or ``\s`` is a gap between words: it must stand there for whoever reads spaces,
    and counts for nothing for whoever reads none.

    Args:
        text: The pattern.

    Returns:
        Its tree; repetitions are not written out.

    Raises:
        ConfigError: Where it is wrong, what was found there and what was expected.
    """
    if len(text) > MAX_WRITTEN:
        refuse(text, f"is {len(text)} characters long, expected at most {MAX_WRITTEN}")
    parser = _Parser(text)
    tree = parser.choice(0)
    if parser.at < len(text):
        parser.fail(parser.at, "')' without a '('", "\\) for the bracket itself")
    for anchor in misplaced(tree, first=True, last=True):
        start = anchor.text == "^"
        parser.fail(
            anchor.at - 1,
            f"'{anchor.text}' with something {'before' if start else 'after'} it",
            f"it at the {'start' if start else 'end'}, or \\{anchor.text} for the mark itself",
        )
    if (size := positions(tree)) > MAX_POSITIONS:
        refuse(text, f"has {size} characters when written out, expected at most {MAX_POSITIONS}")
    return tree


class _Parser:
    """Recursive descent; ``at`` counts from 0, errors from 1."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, at: int, found: str, expected: str) -> NoReturn:
        refuse(self.text, f"position {at + 1}: found {found}, expected {expected}")

    def next(self) -> str:
        """The character that comes next, empty at the end."""
        return self.text[self.at : self.at + 1]

    def choice(self, depth: int) -> Node:
        items = [self.row(depth)]
        while self.next() == "|":
            self.at += 1
            items.append(self.row(depth))
        return items[0] if len(items) == 1 else Choice(tuple(items))

    def row(self, depth: int) -> Node:
        items = []
        while self.next() not in {"", "|", ")"}:
            items.append(self.repeated(depth))
        return items[0] if len(items) == 1 else Concat(tuple(items))

    def repeated(self, depth: int) -> Node:
        item = self.atom(depth)
        start = self.at
        if self.next() not in {"*", "+", "?", "{"}:
            return item
        if isinstance(item, Anchor):
            self.fail(start, f"{self.next()!r} after {item.text!r}", "a character, class or group to repeat")
        low, high = self.counts()
        after = self.next()
        if after in {"?", "+"}:
            kind = "lazy" if after == "?" else "possessive"
            self.fail(
                self.at, f"{after!r}, a {kind} repetition", "none: a line matches as a whole or not at all"
            )
        if after in {"*", "{"}:
            self.fail(self.at, f"{after!r} after a repetition", "a group (...) around what is to be repeated")
        tree = Repeat(item, low, high)
        if (size := positions(tree)) > MAX_POSITIONS:
            self.fail(start, f"a repetition that makes {size} characters", f"at most {MAX_POSITIONS}")
        return tree

    def counts(self) -> tuple[int, int | None]:
        start = self.at
        self.at += 1
        if self.text[start] != "{":
            return _REPEATS[self.text[start]]
        end = self.text.find("}", start)
        low, comma, high = self.text[self.at : max(end, self.at)].partition(",")
        if not (_number(low) and (_number(high) or not high)):
            self.fail(start, f"{self.text[start : start + 8]!r}", _COUNTS)
        most = int(low) if not comma else int(high) if high else None
        for count in (int(low), most or 0):
            if count > MAX_REPEAT:
                self.fail(start, f"a repetition of {count}", f"at most {MAX_REPEAT}")
        if most == 0 or (most is not None and most < int(low)):
            self.fail(
                start, f"{self.text[start : end + 1]!r}", "a highest count of at least 1 and the lowest"
            )
        self.at = end + 1
        return int(low), most

    def atom(self, depth: int) -> Node:
        start, found = self.at, self.next()
        if found == "(":
            return self.group(depth)
        if found == "[":
            return self.char_class()
        if found in "*+?{":
            self.fail(start, f"{found!r}", f"something before it to repeat, or \\{found} for the mark itself")
        if found in "]}":
            self.fail(start, f"{found!r} that closes nothing", f"\\{found} for the bracket itself")
        if found == "\\":
            found, ranges = self.escape()
        else:
            self.at += 1
            ranges = _ALL if found == "." else _only(found)
        if found in {"^", "$"}:
            return Anchor(start + 1, found)
        return Chars(start + 1, found, ranges, found in _GAPS)

    def group(self, depth: int) -> Node:
        start = self.at
        if depth == MAX_DEPTH:
            self.fail(start, f"a group inside {MAX_DEPTH} others", f"at most {MAX_DEPTH}")
        if self.text.startswith("(?:", start):
            self.at += 3
        elif self.text.startswith("(?", start):
            opening, kind = next(item for item in _GROUPS.items() if self.text.startswith(item[0], start))
            self.fail(start, f"'{opening}', {kind}", "(...) or (?:...)")
        else:
            self.at += 1
        tree = self.choice(depth + 1)
        if self.next() != ")":
            self.fail(len(self.text), "the end", f"')' for the '(' at position {start + 1}")
        self.at += 1
        return tree

    def escape(self) -> tuple[str, Ranges]:
        """What a backslash and the next character stand for."""
        start = self.at
        found = self.text[start + 1 : start + 2]
        name = "\\" + found
        self.at += 2
        if not found:
            self.fail(start, "'\\' at the end", "a mark after it, or \\\\ for the backslash itself")
        if found.lower() in _SETS:
            ranges = _SETS[found.lower()]
            return name, ranges if found.islower() else _complement(ranges)
        if _number(found):
            self.fail(start, f"'{name}', a backreference", "what it refers to, written again")
        if found in _ASSERTIONS:
            self.fail(start, f"'{name}', a boundary", "none: a line is matched as a whole")
        if found.isalnum():
            self.fail(start, f"'{name}'", "\\d, \\w, \\s, \\D, \\W, \\S or a mark after the '\\'")
        return name, _only(found)

    def char_class(self) -> Chars:
        start = self.at
        self.at += 1
        negated = self.next() == "^"
        self.at += negated
        ranges: list[tuple[int, int]] = []
        gap = False
        inside = self.at
        while self.next() != "]" or self.at == inside:
            at = self.at
            if self.next() == "]":
                self.fail(at, "an empty class", "a character in it, or \\] for the bracket itself")
            name, low = self.member(start)
            if self.next() == "-" and self.text[self.at + 1 : self.at + 2] not in {"]", ""}:
                self.at += 1
                _, high = self.member(start)
                if len(low + high) != 2 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
                    self.fail(at, f"'{self.text[at : self.at]}'", "a range between two characters")
                if low[0][0] > high[0][0]:
                    self.fail(at, f"'{self.text[at : self.at]}', a range backwards", "the lower end first")
                ranges.append((low[0][0], high[0][0]))
                continue
            gap |= name in _GAPS
            ranges += low
        self.at += 1
        allowed = _complement(tuple(ranges)) if negated else tuple(ranges)
        return Chars(start + 1, self.text[start : self.at], allowed, gap and not negated)

    def member(self, start: int) -> tuple[str, Ranges]:
        """One character or set inside a class."""
        found = self.next()
        if not found:
            self.fail(self.at, "the end", f"']' for the '[' at position {start + 1}")
        if found == "[":
            self.fail(self.at, "'[' inside a class", "\\[ for the bracket itself, \\d for [:digit:]")
        if found == "\\":
            return self.escape()
        self.at += 1
        return found, _only(found)


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _only(character: str) -> Ranges:
    return ((ord(character), ord(character)),)


def _complement(ranges: Ranges) -> Ranges:
    """Every character that is in none of the ranges."""
    gaps = []
    low = 0
    for first, last in sorted(ranges):
        if low < first:
            gaps.append((low, first - 1))
        low = max(low, last + 1)
    return (*gaps, (low, 0x10FFFF)) if low <= 0x10FFFF else tuple(gaps)
