"""The picture of ``confidence.py``: precision and coverage over the threshold."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.plots.style import COLOURS, MUTED, panels, shares, write

PRECISION, COVERAGE = COLOURS[0], COLOURS[1]
NAMES = {
    "precision": "right, of what is said (band: 95 %)",
    "coverage": "said, of all pictures",
    "asked": "as precise as asked for",
}
TICKS = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)
ENOUGH = 10
"""Fewest readings that a point of the precision is drawn for."""


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Draw what ``confidence.measure`` gave.

    Raises:
        UnavailableError: Matplotlib is not installed.
    """
    groups = result["groups"]
    figure, plots = panels(len(groups), 2, 3.0, sharex=True, sharey=True)
    for index, (plot, group) in enumerate(zip(plots, groups, strict=True)):
        curve = group["curve"]
        precise = [point for point in curve if point["said"] >= ENOUGH]
        for points, key, colour in ((precise, "precision", PRECISION), (curve, "coverage", COVERAGE)):
            _curve(plot, points, key, colour)
        asked = [point["threshold"] for point in curve]
        plot.plot(
            [_x(t) for t in asked], asked, color=MUTED, linewidth=0.9, linestyle="--", label=NAMES["asked"]
        )
        plot.set_title(f"{group['group']} (n = {curve[0]['n']})", loc="left", fontsize=10)
        plot.set_xlim(0, _x(max(asked)))
        plot.set_xticks([_x(tick) for tick in TICKS], [f"{tick:g}" for tick in TICKS])
        plot.set_ylim(0, 1.02)
        shares(plot.yaxis)
        if index >= len(plots) - 2:
            plot.set_xlabel("min_confidence, doubt on a log scale")
    lines, names = plots[-1].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside upper left", ncols=3, frameon=False)
    write(figure, path)


def _x(threshold: float) -> float:
    """Place of a threshold: 0.9, 0.99 and 0.999 are equally far apart."""
    return -math.log10(max(1 - threshold, 1e-9))


def _curve(plot: Any, points: Sequence[Mapping[str, Any]], key: str, colour: str) -> None:
    """A share with its band."""
    if not points:
        return
    x = [_x(point["threshold"]) for point in points]
    y = [point[key] for point in points]
    low, high = zip(*(point[f"{key}_interval"] for point in points), strict=True)
    plot.plot(x, y, color=colour, linewidth=1.8, label=NAMES[key])
    plot.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
