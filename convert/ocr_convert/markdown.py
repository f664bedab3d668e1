"""Small pieces of Markdown."""

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, ending in a newline."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 1 as a percentage; empty where there is none."""
    return "" if share is None else f"{100 * share:.{digits}f} %"


def code(text: str) -> str:
    """A text as it stands, also where it means something in Markdown."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
