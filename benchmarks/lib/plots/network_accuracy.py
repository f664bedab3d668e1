"""Pictures of ``networks.py``: accuracy against time, on the mean of sources and for each source."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.plots.style import COLOURS, INK, MUTED, name_points, panels, time_axis, write

COLUMNS = 3
BEST, OTHER = COLOURS[0], MUTED


def front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Which points none other beats, the fastest first.

    Args:
        points: Milliseconds and accuracy of each.

    Returns:
        Indices of those than which no other is as fast and more accurate, or faster and as accurate.
    """
    order = sorted(range(len(points)), key=lambda index: (points[index][0], -points[index][1]))
    best: list[int] = []
    for index in order:
        if not best or points[index][1] > points[best[-1]][1]:
            best.append(index)
    return best


def draw(results: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the mean of sources, every network named.

    Raises:
        UnavailableError: Matplotlib is not installed.
    """
    figure, (plot,) = panels(1, 1, 4.6)
    _plot(plot, results, [result["top1"] for result in results])
    plot.set_ylabel("right, mean of sources, %")
    pooled = results[0]["pooled"]["n"]
    plot.set_title(
        f"Networks on {pooled:,} held-out characters of {len(results[0]['sources'])} sources: up and left is better.\n"
        "The line joins those that none beats; hollow: float",
        loc="left",
        fontsize=9.5,
    )
    figure.draw_without_rendering()
    name_points(plot, _named(results, [result["top1"] for result in results]))
    write(figure, path)


def draw_sources(results: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw a plot for each source, with the 95 % interval of each share.

    Raises:
        UnavailableError: Matplotlib is not installed.
    """
    sources = list(results[0]["sources"])
    figure, plots = panels(len(sources), COLUMNS, 2.3, sharex=True)
    for index, (plot, source) in enumerate(zip(plots, sources, strict=True)):
        got = [result["sources"][source] for result in results]
        for result, one in zip(results, got, strict=True):
            ends = [100 * end for end in one["interval"]]
            plot.plot([result["ms"]] * 2, ends, color=OTHER, linewidth=1, alpha=0.5)
        _plot(plot, results, [one["top1"] for one in got])
        plot.set_title(f"{source.partition('#')[0]}, n = {got[0]['n']:,}", loc="left", fontsize=9)
        if index < len(sources) - COLUMNS:
            plot.set_xlabel("")
        plot.tick_params(labelbottom=True, labelsize=8)
    figure.suptitle("Right, %, by CPU ms a character. Upright lines: 95 %", x=0.01, ha="left", fontsize=9.5)
    figure.draw_without_rendering()
    for plot, source in zip(plots, sources, strict=True):
        name_points(plot, _named(results, [result["sources"][source]["top1"] for result in results]))
    write(figure, path)


def _plot(plot: Any, results: Sequence[Mapping[str, Any]], shares: Sequence[float]) -> None:
    points = [(result["ms"], 100 * share) for result, share in zip(results, shares, strict=True)]
    best = front(points)
    plot.plot(*zip(*(points[index] for index in best), strict=True), color=BEST, linewidth=1.2, alpha=0.6)
    for index, (result, point) in enumerate(zip(results, points, strict=True)):
        colour = BEST if index in best else OTHER
        face = "white" if "float" in result["kind"] else colour
        plot.plot(*point, marker="o", color=colour, markerfacecolor=face, markersize=7)
    plot.margins(y=0.18)
    time_axis(plot, [ms for ms, _ in points])


def _named(
    results: Sequence[Mapping[str, Any]], shares: Sequence[float]
) -> list[tuple[float, float, str, str]]:
    return [
        (result["ms"], 100 * share, result["name"], INK)
        for result, share in zip(results, shares, strict=True)
    ]
