"""The picture of ``sequence.py``: accuracy against mean time, in sequence and alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.plots.style import COLOURS, INK, name_points, panels, time_axis, write

LOOKS = {"replace": (COLOURS[0], "-"), "mean": (COLOURS[1], "--")}
NAMES = {"replace": "the next network's probabilities replace", "mean": "probabilities averaged"}
SIDES = {"replace": -12, "mean": 5}
"""How far above its line a threshold is written, in points."""
MARKED = (0.5, 0.8, 0.95, 0.99)
"""Thresholds that are written beside the lines."""


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Draw what ``sequence.measure`` gave.

    Raises:
        UnavailableError: Matplotlib is not installed.
    """
    figure, (plot,) = panels(1, 1, 4.8)
    for combine, (colour, style) in LOOKS.items():
        line = [point for point in result["line"] if point["combine"] == combine]
        x, y = [point["ms"] for point in line], [100 * point["top1"] for point in line]
        plot.plot(x, y, style, color=colour, linewidth=1.8, label=NAMES[combine])
        shown = [point for point in line if point["thresholds"][0] in MARKED]
        plot.plot(
            [point["ms"] for point in shown], [100 * point["top1"] for point in shown], ".", color=colour
        )
        for point in shown:
            plot.annotate(
                f"{point['thresholds'][0]:g}",
                (point["ms"], 100 * point["top1"]),
                xytext=(0, SIDES[combine]),
                textcoords="offset points",
                ha="center",
                color=colour,
                fontsize=8,
            )
    best = [row for row in result["at_cost"] if row["combine"]]
    plot.plot(
        [row["ms"] for row in best],
        [100 * row["top1"] for row in best],
        "*",
        color=COLOURS[2],
        markersize=11,
        label="best at the cost of each, on the half not chosen by",
    )
    for one in result["alone"]:
        face = INK if one["name"] in result["stages"] else "white"
        plot.plot(one["ms"], 100 * one["top1"], "o", color=INK, markerfacecolor=face, markersize=7)
    alone = [(one["ms"], 100 * one["top1"], one["name"], INK) for one in result["alone"]]
    times = [part["ms"] for part in (*result["line"], *result["alone"])]
    plot.margins(y=0.15)
    time_axis(plot, times)
    plot.set_xlabel("mean CPU ms a character, one thread, log scale")
    plot.set_ylabel("right, mean of sources, %")
    plot.set_title(
        f"{' → '.join(result['stages'])}, {result['n']:,} held-out characters of {result['sources']} sources;\n"
        "the numbers are thresholds, the circles networks alone",
        loc="left",
        fontsize=9.5,
    )
    figure.legend(loc="outside lower left", ncols=3, frameon=False, fontsize=8.5)
    figure.draw_without_rendering()
    name_points(plot, alone + [(*place, "", INK) for place in _taken(plot, result["line"])])
    write(figure, path)


def _taken(plot: Any, line: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Places that no name may hide: the lines, and the thresholds beside them."""
    places = []
    for point in line:
        place = (point["ms"], 100 * point["top1"])
        places.append(place)
        if point["thresholds"][0] in MARKED:
            x, y = plot.transData.transform(place)
            beside = plot.transData.inverted().transform((x, y + 1.6 * SIDES[point["combine"]]))
            places.append(tuple(beside))
    return places
