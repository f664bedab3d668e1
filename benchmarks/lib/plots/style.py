"""What the pictures of the documentation share: colours, sizes, and a Matplotlib that needs no screen."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lib.systems import UnavailableError

WIDTH_IN, DPI = 9.0, 200
"""Twice the about 900 px that a README shows, so that it stays sharp."""
INK, MUTED, GRID = "#222222", "#666666", "#e3e3e3"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9")
"""Okabe and Ito's, that colour-blind people can tell apart; markers and labels say the same."""
MARKERS = ("o", "s", "^", "D", "v")
MARK_PX = 6
"""Half the side of a mark, in Matplotlib's pixels."""
SIDES = (
    (7, 5, "left", "bottom"),
    (-7, 5, "right", "bottom"),
    (7, -5, "left", "top"),
    (-7, -5, "right", "top"),
    (4, 16, "left", "bottom"),
    (4, -16, "left", "top"),
    (-4, 16, "right", "bottom"),
    (-4, -16, "right", "top"),
)
"""Places for a name beside its point: how far, in points, and by which of its corners."""


def panels(count: int, columns: int, height_in: float, **axes: Any) -> tuple[Any, list[Any]]:
    """A figure with so many plots, row by row, and the plots.

    Raises:
        UnavailableError: Matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise UnavailableError(f"Matplotlib is not installed ({error}); install ocr-edge[train]") from error
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams |= {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "text.color": INK,
        "axes.grid": True,
        "grid.color": GRID,
        "axes.axisbelow": True,
    }
    rows = -(-count // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(WIDTH_IN, height_in * rows), squeeze=False, layout="constrained", **axes
    )
    plots = list(grid.flat)
    for empty in plots[count:]:
        empty.remove()
    return figure, plots[:count]


def write(figure: Any, path: Path) -> None:
    """Save a figure on white, whatever the page's colour is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI, facecolor="white")


def name_points(plot: Any, points: Sequence[tuple[float, float, str, str]]) -> None:
    """Write names beside points, on the first side where they hide no point and no other name.

    Args:
        plot: Where the points are drawn, with its final limits and place.
        points: x, y, name and colour of each.
    """
    from matplotlib.transforms import Bbox

    figure = plot.figure
    room = plot.get_window_extent()
    taken = [
        Bbox.from_bounds(x - MARK_PX, y - MARK_PX, 2 * MARK_PX, 2 * MARK_PX)
        for x, y in plot.transData.transform([point[:2] for point in points])
    ]
    for x, y, name, colour in points:
        best = None
        for dx, dy, side, level in SIDES:
            text = plot.annotate(
                name,
                (x, y),
                xytext=(dx, dy),
                textcoords="offset points",
                ha=side,
                va=level,
                color=colour,
                fontsize=8.5,
            )
            box = text.get_window_extent(figure.canvas.get_renderer())
            hidden = sum(
                1 + (i >= len(points)) for i, other in enumerate(taken) if box.overlaps(other)
            ) + 2 * (box.x0 < room.x0 or box.x1 > room.x1 or box.y0 < room.y0 or box.y1 > room.y1)
            if best is None or hidden < best[0]:
                if best:
                    best[1].remove()
                best = (hidden, text, box)
            else:
                text.remove()
            if not hidden:
                break
        if best:
            taken.append(best[2])


def shares(axis: Any, ticks: Iterable[float] = (0, 0.25, 0.5, 0.75, 1)) -> None:
    """Write an axis of shares in per cent."""
    axis.set_ticks(list(ticks), [f"{100 * tick:.0f} %" for tick in ticks])


def time_axis(plot: Any, times: Sequence[float]) -> None:
    """A logarithmic axis of milliseconds with plain numbers and room for names."""
    from matplotlib.ticker import LogLocator, NullLocator

    plot.set_xscale("log")
    plot.set_xlim(min(times) / 1.35, max(times) * 1.35)
    plot.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    plot.xaxis.set_minor_locator(NullLocator())
    plot.xaxis.set_major_formatter("{x:g}")
    plot.set_xlabel("CPU ms a character, one thread, log scale", fontsize=9)
