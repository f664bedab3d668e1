"""The picture of ``soak.py``: memory, threads and files, and the size of the state over the minutes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.plots.style import COLOURS, MUTED, panels, write

CURVES = (
    ("memory, MiB", (("rss_mib", "resident"), ("anon_mib", "of that, not from files"))),
    ("threads and open files", (("threads", "threads"), ("files", "open files"))),
    ("state folder, MiB", (("state_mib", "all files"),)),
)
FAULTS = {"camera": "#cfe3f1", "broker": "#f9dcc6", "disk": "#c9e8dc", "clock": "#f1dde9"}
"""Grounds of the time without each."""


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Draw what ``soak.run`` gave.

    Raises:
        UnavailableError: Matplotlib is not installed.
    """
    samples = result["samples"]
    minutes = [one["minute"] for one in samples]
    figure, plots = panels(len(CURVES), 1, 2.2, sharex=True)
    for plot, (title, curves) in zip(plots, CURVES, strict=True):
        for start, one in zip([0.0, *minutes], samples, strict=False):
            end = start + result["fault_s"] / 60
            plot.axvspan(start, end, color=FAULTS[one["fault"].split()[0]], linewidth=0)
        for (key, name), colour in zip(curves, COLOURS, strict=False):
            plot.plot(minutes, [one[key] for one in samples], color=colour, marker=".", label=name)
        plot.set_title(title, loc="left", fontsize=10)
        plot.set_ylim(bottom=0)
        plot.legend(loc="lower right", frameon=True, ncols=2)
    plots[-1].set_xlabel("minutes; coloured: what was taken away then")
    plots[-1].set_xlim(0, minutes[-1])
    for number, (name, colour) in enumerate(FAULTS.items()):
        plots[0].text(
            0.62 + 0.1 * number,
            1.04,
            name,
            transform=plots[0].transAxes,
            color=MUTED,
            backgroundcolor=colour,
            fontsize=9,
        )
    write(figure, path)
