"""What the card says of a stage that finds lines."""

from typing import Any

from ocr_convert.markdown import percent, table

Plain = dict[str, Any]
FAILS = (
    "Finding lines: text lower than six pixels in the look that sees it, lettering bent to a circle, letters set"
    " further apart than they are high, and ink that hardly differs from what it stands on are missed or found in"
    " pieces; patterns of short strokes, such as grilles and foliage, are at times taken for text, and then read as"
    " nothing.\n"
)


def recipe(run: Plain) -> str:
    """How a detector was trained."""
    made, versions = run["recipe"], run.get("versions", {})
    seen = int(run.get("best_epoch") or made["epochs"]) * made["steps"] * made["batch_size"]
    drawn = f"{100 * made['real']:.0f} % of them real, the others drawn"
    if made.get("characters"):
        drawn += f", some with real characters of {', '.join(made['characters'])}"
    if made.get("backgrounds"):
        drawn += f", some before pieces of {made['backgrounds']}"
    return (
        f"Recipe: about {seen / 1000:,.0f} thousand scenes of {made['side']}x{made['side']} pixels, {drawn}; seed"
        f" {made.get('seed')}, best epoch {run.get('best_epoch')} of {made['epochs']}; commit"
        f" {run.get('commit') or 'unknown'}; Keras {versions.get('keras')} on {versions.get('backend')}, Python"
        f" {versions.get('python')}.\n"
    )


def quality(metrics: Plain) -> str:
    """Precision, recall and F of each source, int8 against float."""
    found = metrics.get("detector")
    if not found:
        return ""
    rows = [
        [
            row["name"],
            f"{row['n']:,}",
            f"{row['outlines']:,}",
            percent(row["precision"]),
            percent(row["recall"]),
            percent(row["f"]),
            percent(row["float_f"]),
        ]
        for row in found["sources"]
    ]
    head = ["held-out scenes", "pictures", "outlines", "precision", "recall", "F", "F in float"]
    return "\n".join(
        [
            "### Finding lines\n",
            "By the rule of ICDAR 2015: an outline is found where one that was said shares more than half of the area"
            f" of both together. One look at the whole picture, its longer side {found['longest']} pixels; what can be"
            " found by more looks, and what is joined to lines, is not counted here.\n",
            table(head, rows),
        ]
    )
