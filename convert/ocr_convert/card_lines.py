"""What the card says of a stage that reads lines."""

from typing import Any

from ocr_convert.markdown import percent, table

Plain = dict[str, Any]
FAILS = (
    "Lines: text that is not level, two lines in one crop, letters that are written upright or further apart than they"
    " are high, and scripts and accents that are no labels are misread; a point may be lost where it is smaller than a"
    " fifth of a stroke's length or a pixel or two; what touches the line from above or below may be read with it.\n"
)


def recipe(run: Plain) -> str:
    """How a line stage was trained."""
    made, versions = run["recipe"], run.get("versions", {})
    batch = sum(
        share * max(1, made["batch_columns"] // int(width)) for width, share in made["widths"].items()
    ) / sum(made["widths"].values())
    seen = int(run.get("best_epoch") or made["epochs"]) * made["steps"] * batch
    drawn = f"{100 * made['real']:.0f} % of them real, the others rendered"
    if made.get("characters"):
        names = ", ".join(made["characters"])
        drawn += f", {100 * made['composed']:.0f} % of those put together from real characters of {names}"
    if made.get("backgrounds"):
        drawn += f", some on pieces of {made['backgrounds']}"
    return (
        f"Recipe: about {seen / 1e6:.2f} million lines, {drawn}; seed {made.get('seed')}, best epoch"
        f" {run.get('best_epoch')} of {made['epochs']}; commit {run.get('commit') or 'unknown'}; Keras"
        f" {versions.get('keras')} on {versions.get('backend')}, Python {versions.get('python')}.\n"
    )


def quality(metrics: Plain) -> str:
    """Accuracy of each source, int8 against float, and what a line's confidence is worth."""
    found = metrics.get("lines")
    if not found:
        return ""
    rows = [
        [
            row["name"],
            f"{row['n']:,}",
            percent(row["exact"]),
            percent(row["float_exact"]),
            percent(row["cer"], 2),
        ]
        for row in found["sources"]
    ]
    parts = [
        "### Lines\n",
        "Crops of one line each, read whole, without the pipeline around the network; case and marks count where the"
        " truth has them.\n",
        table(["held-out lines", "n", "exact", "exact in float", "characters wrong"], rows),
        f"Converted against float on the same {found['n']:,} lines, each source counting as one:"
        f" {percent(found['converted_cer'], 2)} of the characters wrong against {percent(found['float_cer'], 2)}, the"
        f" same text in {percent(found['agreement'])}.\n",
    ]
    if promises := found["promises"]:
        said = "; ".join(
            f"of {p['n']:,} said at {p['confidence']:g} or more {percent(p['right'])} are right"
            for p in promises
        )
        parts.append(f"Confidence, fitted to the same lines: {said}.\n")
    return "\n".join(parts)
