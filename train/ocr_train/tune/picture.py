"""What a tuning changed, at a glance: each set at every share of the tuned network, and before and after."""

from collections.abc import Sequence
from pathlib import Path

from ocr_train.evaluate import wilson
from ocr_train.pictures.figure import figure, save
from ocr_train.tune.blend import Blend, Change

MINE, KEPT = "tab:orange", "tab:blue"


def draw(path: Path, blends: Sequence[Blend], chosen: Blend, measured: str = "named right") -> None:
    """Draw accuracy over the share, and bars before and after with 95 % confidence intervals.

    Args:
        path: The PNG file to write.
        blends: Of every share, in order.
        chosen: One of them.
        measured: What the shares are of.
    """
    drawn = figure(1200, 480)
    curve, bars = drawn.subplots(1, 2, width_ratios=(3, 4))
    shares = [blend.share for blend in blends]
    for index, change in enumerate((chosen.mine, *chosen.kept)):
        values = [100 * (blend.mine, *blend.kept)[index].after for blend in blends]
        colour, style = (MINE, "-o") if index == 0 else (KEPT, ("-s", "--^", ":v", "-.D")[(index - 1) % 4])
        curve.plot(shares, values, style, color=colour, markersize=4, label=_plain(change.name))
    curve.axvline(chosen.share, color="black", linewidth=1)
    curve.set_title(f"how much of what was learned: {chosen.share:g} chosen")
    curve.set_xlabel("share of the tuned network (0: as it was, 1: all that was learned)")
    curve.set_ylabel(f"{measured}, %")
    curve.legend(fontsize=8)
    curve.grid(alpha=0.3)
    for row, change in enumerate((chosen.mine, *chosen.kept)):
        _pair(bars, row, change, MINE if row == 0 else KEPT)
    names = [f"{_plain(c.name)}\nn = {c.n:,}" for c in (chosen.mine, *chosen.kept)]
    bars.set_yticks(range(len(names)), names)
    bars.invert_yaxis()
    bars.set_xlim(0, 112)
    bars.set_xlabel(f"{measured}, %; lines are 95 % confidence intervals")
    bars.set_title("before (light) and after: yours first, then what was to be kept")
    bars.grid(axis="x", alpha=0.3)
    drawn.tight_layout()
    save(drawn, path)


def _pair(axes: object, row: int, change: Change, colour: str) -> None:
    """Two bars of a set, with intervals and numbers."""
    for offset, share, alpha in ((-0.19, change.before, 0.35), (0.19, change.after, 1.0)):
        low, high = wilson(share, change.n)
        axes.barh(row + offset, 100 * share, 0.34, color=colour, alpha=alpha)  # type: ignore[attr-defined]
        axes.plot([100 * low, 100 * high], [row + offset] * 2, color="black", linewidth=1.2)  # type: ignore[attr-defined]
        axes.text(100 * high + 1, row + offset, f"{100 * share:.1f}", va="center", fontsize=8)  # type: ignore[attr-defined]


def _plain(name: str) -> str:
    """A name in which a dollar sign starts no formula."""
    return name.replace("$", r"\$")
