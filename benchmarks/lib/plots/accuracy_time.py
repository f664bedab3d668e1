"""The picture "accuracy against time" from what ``pictures.py --json`` saved.

One plot a set, all with the same axes. Several files are put together; of a set in several, the last is taken.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lib.picture_sets import Rules
from lib.plots.style import COLOURS, MARKERS, MUTED, name_points, panels, shares, write

COLUMNS, HEIGHT_IN = 3, 2.3
NAMES = {
    "ocr-edge": "ocr-edge",
    "ocr-edge, with a pattern": "with a pattern",
    "tesseract": "Tesseract",
    "rapidocr": "RapidOCR",
}
"""What stands beside each system's mark, in the order of colours and markers; both with a pattern are ours."""
LOOKS = {
    "ocr-edge": (COLOURS[0], MARKERS[0], True),
    "ocr-edge, with a pattern": (COLOURS[0], MARKERS[0], False),
    "tesseract": (COLOURS[1], MARKERS[1], True),
    "rapidocr": (COLOURS[2], MARKERS[2], True),
}
"""Colour, marker, and whether it is filled."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One system on one set.

    Attributes:
        system: Its name.
        ms: Median milliseconds a picture.
        ms_range: From the 10th to the 90th percentile.
        right: The set's figure, 0 to 1: share right, or characters right where it is an error rate.
        interval: Its 95 % interval.
    """

    system: str
    ms: float
    ms_range: tuple[float, float]
    right: float
    interval: tuple[float, float]


def figure_of(result: Mapping[str, Any]) -> str:
    """What the upward axis shows for a set."""
    rules = Rules(**result["rules"])
    return rules.measure if rules.has_share_right else "1 - character error rate"


def marks(result: Mapping[str, Any]) -> list[Mark]:
    """The systems of one set of ``pictures.py``'s JSON; those that read nothing are left out."""
    by_rate = Rules(**result["rules"]).has_share_right
    found = []
    for system in result["systems"]:
        times = [picture["ms"] for picture in system["pictures"]]
        score = system["score"]
        value = score["rate"] if by_rate else score["cer"]
        if not times or value is None:
            continue
        low, high = score["interval"] if by_rate else score["cer_interval"]
        low, high = (value if end is None else end for end in (low, high))
        if not by_rate:
            value, low, high = (max(0.0, 1 - end) for end in (value, high, low))
        fast, middle, slow = (float(v) for v in np.percentile(times, [10, 50, 90]))
        found.append(Mark(system["system"], middle, (fast, slow), value, (low, high)))
    return found


def together(files: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The sets of several files, each once."""
    return list({result["set"]: result for file in files for result in file["sets"]}.values())


def draw(results: list[Mapping[str, Any]], path: Path) -> None:
    """One plot a set.

    Raises:
        ValueError: There is nothing to draw.
        UnavailableError: Matplotlib is not installed.
    """
    if not any(marks(result) for result in results):
        raise ValueError("no set was read")
    figure, plots = panels(len(results), COLUMNS, HEIGHT_IN, sharex=True, sharey=True)
    for index, (plot, result) in enumerate(zip(plots, results, strict=True)):
        found = marks(result)
        plot.set_xscale("log")
        plot.set_ylim(-0.03, 1.12)
        shares(plot.yaxis)
        n = max((system["score"]["n"] for system in result["systems"]), default=0)
        plot.set_title(f"{result['set']}\n{figure_of(result)}, n = {n}", loc="left", fontsize=9)
        for mark in found:
            _draw_mark(plot, mark)
        if index >= len(plots) - COLUMNS:
            plot.set_xlabel("ms per picture, log scale", fontsize=9)
            plot.tick_params(labelbottom=True)
            plot.xaxis.set_major_formatter("{x:,g}")
    times = [end for result in results for mark in marks(result) for end in mark.ms_range]
    plots[0].set_xlim(min(times) / 1.6, max(times) * 2.5)
    figure.suptitle(
        "Right, by time per picture: up and left is better. Lines: 95 % of the share, 10 to 90 % of its times",
        x=0.01,
        ha="left",
        fontsize=9.5,
    )
    figure.draw_without_rendering()
    for plot, result in zip(plots, results, strict=True):
        name_points(plot, [(m.ms, m.right, *named(m.system)) for m in marks(result)])
    write(figure, path)


def named(system: str) -> tuple[str, str]:
    """What stands beside a system's mark, and its colour."""
    return NAMES.get(system, system), LOOKS.get(system, (MUTED,))[0]


def _draw_mark(plot: Any, mark: Mark) -> None:
    colour, marker, filled = LOOKS.get(mark.system, (MUTED, "x", True))
    plot.plot(mark.ms_range, [mark.right] * 2, color=colour, linewidth=1.2, alpha=0.6)
    plot.plot([mark.ms] * 2, mark.interval, color=colour, linewidth=1.2, alpha=0.6)
    face = colour if filled else "white"
    plot.plot(mark.ms, mark.right, marker=marker, color=colour, markerfacecolor=face, markersize=7)
