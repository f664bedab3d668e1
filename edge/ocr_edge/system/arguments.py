"""The parser of all our commands: a mistake is one line with what to do."""

import argparse
import difflib
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from ocr_edge.errors import one_line
from ocr_edge.system import stdout

WRONG_USAGE = 2
"""Exit code, as argparse's own and that of a wrong configuration."""

_TYPES = {"int": "a whole number", "float": "a number"}
"""What Python's own types expect; ours have it as their name."""
_VALUE = re.compile(r"argument (?P<name>.+?): invalid (?P<wanted>.+) value: (?P<found>.+)", re.DOTALL)
_CHOICE = re.compile(
    r"argument (?P<name>.+?): invalid choice: (?P<found>.+) \(choose from (?P<known>.+)\)", re.DOTALL
)


class Parser(argparse.ArgumentParser):
    """As ``argparse``'s, without the usage before an error, and with the nearest option for an unknown one."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse; an option that is left over is refused here, where the options of the command are known."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(self._unknown(rest))
        return found, rest

    def error(self, message: str) -> NoReturn:
        """End with one line on stderr."""
        said = one_line(_plain(message))
        join = "" if said.endswith("?") else ";"
        self.exit(
            WRONG_USAGE, f"{self.prog}: error: {said}{join} `{self.prog} --help` shows what can be given\n"
        )

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End, and say so where stdout took nothing of ``--help`` or ``--version``."""
        if status == 0 and (why := stdout.fault()):
            status, message = WRONG_USAGE, f"{self.prog}: error: {why}\n"
        super().exit(status, message)

    def _unknown(self, rest: Sequence[str]) -> str:
        wrong = rest[0].partition("=")[0] if rest[0].startswith("-") else rest[0]
        if not wrong.startswith("-"):
            return f"{wrong!r} is one argument too many"
        near = difflib.get_close_matches(wrong, self._option_string_actions, 1)
        return f"there is no option {wrong}" + (f"; did you mean {near[0]}?" if near else "")


def _plain(message: str) -> str:
    """The words of ``argparse`` in those of people."""
    if wrong := _VALUE.fullmatch(message):
        return f"{wrong['name']} {wrong['found']}: expected {_TYPES.get(wrong['wanted'], wrong['wanted'])}"
    if wrong := _CHOICE.fullmatch(message):
        known = wrong["known"].replace("'", "").split(", ")
        near = difflib.get_close_matches(wrong["found"].strip("'"), known, 1)
        hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
        return f"{wrong['name']} {wrong['found']}: {hint}"
    return message
