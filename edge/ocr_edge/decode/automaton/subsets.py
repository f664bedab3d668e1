"""Positions as a deterministic automaton over characters: each set of positions that can be reached is a state."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.labels import is_mark
from ocr_edge.decode.automaton.positions import Part, Positions, bits
from ocr_edge.decode.regex_tree import Chars, Node, refuse

MAX_STATES = 1000
"""Most states before equal ones are joined."""
MAX_STEPS = 1_000_000
"""Most steps spent on finding them: about half a second on a Pi 4."""
Table = tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32]]
"""Whether a text may end in each state, and the state after each column, -1 where none is; state 0 is the start."""


def subsets(text: str, root: Node, characters: Sequence[str]) -> Table:
    """The automaton of a pattern, its columns the characters.

    Args:
        text: The pattern, for people.
        root: Its tree.
        characters: What the labels are made of, ordered.

    Raises:
        ConfigError: It needs too many states, or a character that is not there.
    """
    positions = Positions(spaced=" " in characters)
    whole = positions.add(root)
    end = 1 << len(positions.chars)
    positions.join(whole, Part(end, end, empty=False))
    allows = [0] * len(characters)
    for i, chars in enumerate(positions.chars):
        known = [column for column, character in enumerate(characters) if character in chars]
        if not known and not chars.gap:
            _refuse_unknown(text, chars, characters)
        for letter in _lacking(chars, characters):
            _refuse_unknown(text, replace(chars, text=letter), characters)
        for column in known:
            allows[column] |= 1 << i
    kinds = sorted(set(allows))
    start = whole.first | (end if whole.empty else 0)
    number = {start: 0}
    rows: list[list[int]] = []
    steps = 0
    # The dictionary grows while it is walked, so that by index, in the order the states were found.
    found = [start]
    while len(rows) < len(found):
        state = found[len(rows)]
        row = []
        for kind in kinds:
            after = 0
            for position in bits(state & kind):
                after |= positions.follow[position]
                steps += 1
            if after and after not in number:
                number[after] = len(found)
                found.append(after)
            row.append(number.get(after, -1))
        rows.append(row)
        if len(found) > MAX_STATES or steps > MAX_STEPS:
            refuse(
                text,
                f"needs more than {MAX_STATES} states: too many ways to read the same characters. Write shorter "
                "counts, and less after '*', '+' or '{n,}' that these allow too",
            )
    table = np.array(rows, np.int32)[:, [kinds.index(mask) for mask in allows]]
    return np.array([bool(state & end) for state in found]), table


def _lacking(chars: Chars, characters: Sequence[str]) -> list[str]:
    """Letters and digits that a class names one by one and that are no label: texts with them would be misread."""
    if not chars.text.startswith("[") or chars.text.startswith("[^"):
        return []
    named = [chr(low) for low, high in chars.ranges if low == high]
    return [letter for letter in named if not is_mark(letter) and letter not in characters]


def _refuse_unknown(text: str, chars: Chars, characters: Sequence[str]) -> None:
    """Say that a character or class has no label."""
    character = chars.text.removeprefix("\\")
    if len(character) > 1 or chars.text in {"\\d", "\\w", "\\D", "\\W", "\\S", "."}:
        refuse(text, f"position {chars.at}: {chars.text} allows none of the bundle's labels")
    if character.swapcase() in characters:
        advice = f"but {character.swapcase()!r}: write that"
    elif not is_mark(character):
        advice = (
            "texts with it cannot be read; use a bundle that has it, such as one of your own (ocr-train tune "
            "--new-classes), or take it out of the pattern"
        )
    else:
        advice = "leave it out of the pattern; marks that are no labels are not read"
    refuse(
        text,
        f"position {chars.at}: the bundle has no label {character!r}{', ' if 'but' in advice else ': '}{advice}",
    )
