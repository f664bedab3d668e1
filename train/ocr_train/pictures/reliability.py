"""Whether confidence means what it says: share right against confidence, one panel a source."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Scores
from ocr_train.evaluate import calibration_bins, expected_calibration_error, wilson
from ocr_train.pictures.figure import figure, save

COLUMNS = 4
WIDTH, HEIGHT = 200, 215
"""Pixels of a panel."""
COLOURS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """What is drawn of one source.

    Attributes:
        name: Its name.
        confidence: float32, shape ``(N,)``, 0..1; N at least 1.
        right: bool, shape ``(N,)``.
    """

    name: str
    confidence: Scores
    right: npt.NDArray[np.bool_]


def draw_reliability(path: Path, panels: Sequence[Panel]) -> None:
    """Draw the panels side by side: points are bins of equal mass with their 95 % intervals (Wilson).

    A point under the diagonal is a bin that is right less often than it says.

    Args:
        path: The PNG file to write.
        panels: At least one.
    """
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    drawn = figure(columns * WIDTH + 40, rows * HEIGHT + 40)
    grid = drawn.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for index, axes in enumerate(grid.flat):
        if index < len(panels):
            _draw(axes, panels[index])
        else:
            axes.axis("off")
        if index < len(panels) <= index + columns:
            axes.tick_params(labelbottom=True)
    drawn.supxlabel("confidence", fontsize=9)
    drawn.supylabel("share right", fontsize=9)
    drawn.tight_layout(pad=0.8, h_pad=1.4)
    save(drawn, path, COLOURS)


def _draw(axes: Any, panel: Panel) -> None:
    bins = calibration_bins(panel.confidence)
    said = np.array([panel.confidence[rows].mean() for rows in bins])
    found = np.array([panel.right[rows].mean() for rows in bins])
    ends = np.array([wilson(float(share), len(rows)) for share, rows in zip(found, bins, strict=True)])
    axes.plot([0, 1], [0, 1], color="#888888", linewidth=0.8)
    # At 0 and 1 rounding may put an end of the interval a hair's breadth beyond the share.
    axes.errorbar(
        said,
        found,
        np.maximum(np.abs(ends.T - found), 0),
        fmt="o",
        color="tab:blue",
        markersize=3,
        linewidth=1,
    )
    error = 100 * expected_calibration_error(panel.confidence, panel.right)
    name = panel.name.replace("$", r"\$")
    axes.set_title(f"{name}\nn = {len(panel.right):,}, ECE {error:.1f} %", fontsize=8)
    axes.set_xlim(0, 1.04)
    axes.set_ylim(0, 1.04)
    axes.set_xticks([0, 0.5, 1])
    axes.set_yticks([0, 0.5, 1])
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.3)
