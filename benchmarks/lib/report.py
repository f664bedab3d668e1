"""What numbers were measured on, and how they are written down."""

import json
import math
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def machine(threads: Iterable[int] = (1,)) -> dict[str, str]:
    """The machine without its name: processor, memory, system, how busy it was, and threads allowed."""
    facts = {
        "machine": f"{processor()}, {os.cpu_count()} CPUs, {memory_gib():.0f} GiB, {platform.machine()}",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load at start": f"{os.getloadavg()[0]:.1f}",
    }
    counts = ", ".join(str(count) for count in threads)
    return facts | ({"threads": counts} if counts else {})


def processor() -> str:
    """The board where there is one (Raspberry Pi), else the processor's name."""
    board = Path("/proc/device-tree/model")
    if board.is_file():
        return board.read_text(errors="replace").strip("\0\n ")
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def memory_gib() -> float:
    """Memory of the machine in GiB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def header(facts: Mapping[str, str], systems: Mapping[str, Mapping[str, str]]) -> str:
    """The machine and the systems as a Markdown list."""
    lines = [f"- {name}: {value}" for name, value in facts.items()]
    for name, about in systems.items():
        lines.append(f"- {name}: {', '.join(' '.join(pair) for pair in about.items())}")
    return "\n".join(lines)


def table(columns: Iterable[str], rows: Iterable[Iterable[str]], names: int = 1) -> str:
    """A Markdown table whose columns line up.

    Args:
        columns: The headings.
        rows: A text for each column.
        names: So many columns, from the left, hold names and are aligned left; the others right.
    """
    body = [list(columns), *(list(row) for row in rows)]
    widths = [max(3, *(len(row[column]) for row in body)) for column in range(len(body[0]))]
    dashes = ["-" * (width - 1) for width in widths]
    rule = [":" + dash for dash in dashes[:names]] + [dash + ":" for dash in dashes[names:]]
    lines = []
    for row in (body[0], rule, *body[1:]):
        cells = list(zip(row, widths, strict=True))
        left = [text.ljust(width) for text, width in cells[:names]]
        lines.append(left + [text.rjust(width) for text, width in cells[names:]])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(share: float) -> str:
    """A share of 1 in per cent; a dash where it was not measured."""
    return "-" if math.isnan(share) else f"{100 * share:.1f} %"


def interval(bounds: Iterable[float]) -> str:
    """Both ends of an interval in per cent; empty where there is none."""
    low, high = bounds
    return "" if math.isnan(low) else f"{100 * low:.1f} to {100 * high:.1f}"


def save(path: Path | None, content: Any) -> None:
    """Write a text as it is, or values as JSON, NaN as null; nothing without a path."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(_finite(content), indent=1) + "\n"
    path.write_text(text, "utf-8")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
