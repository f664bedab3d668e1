"""What the card says of accuracy, calibration and mistakes."""

from collections.abc import Sequence
from typing import Any

from ocr_convert.markdown import code, percent, table

Plain = dict[str, Any]
WEAKEST, PAIRS, MIN_CLASS = 10, 12, 20


def accuracy(metrics: Plain, stages: Sequence[str]) -> str:
    """Accuracy of each source, and of the converted against the float network.

    Args:
        metrics: The manifest's.
        stages: File of each stage.
    """
    parts = []
    if rows := _rows(metrics):
        keys = ("top1", "top1_case_merged", "top3")
        head = ["held-out characters", "n", "all classes", "case merged", "top 3"]
        parts.append(table(head, [[r["name"], f"{r['n']:,}", *(percent(r[k]) for k in keys)] for r in rows]))
    if comparison := metrics.get("conversion"):
        parts.append("Converted against float, " + _comparison(comparison))
        each = metrics.get("stages", [])
        if len(each) > 1:
            parts += [f"{file} alone, {_comparison(c)}" for file, c in zip(stages, each, strict=True)]
    if machine := metrics.get("machine"):
        parts.append(f"Measured on {machine}.\n")
    return "\n".join(parts) or "Not measured.\n"


def calibration(metrics: Plain, picture: str) -> str:
    """Whether confidences mean what they say."""
    rows = [row for row in _rows(metrics) if row["ece"] is not None]
    if not rows:
        return ""
    shown = f"![Share right against confidence, one panel a source]({picture})\n" if picture else ""
    note = (
        "Expected calibration error of the bundle's own confidences in 10 bins of equal mass, on characters: the"
        " confidence is the probability of the likeliest text, given that the glyph is a character. Where case is"
        " merged, a letter's two cases count as one text. The temperatures were fitted to the same glyphs, a source"
        " counting by the square root of its size; nothing is refitted for a source.\n"
    )
    body = [[r["name"], f"{r['n']:,}", percent(r["ece"]), percent(r.get("ece_case_merged"))] for r in rows]
    head = ["held-out characters", "n", "calibration error", "case merged"]
    return "\n".join(part for part in ("### Confidence\n", note, table(head, body), shown) if part)


def no_characters(metrics: Plain) -> str:
    """How well what is no character is told from what is one."""
    rows = [row for row in _rows(metrics) if "reject" in row]
    if not rows:
        return ""
    body = []
    for row in rows:
        found = row["reject"]
        auc = "" if found["auc"] is None else f"{found['auc']:.4f}"
        shares = [percent(found["rejected"]), percent(found["lost"], 2)]
        body.append([row["name"], f"{found['n']:,}", *shares, auc, percent(found["ece"])])
    head = ["held-out data", "no characters", "rejected", "characters lost", "AUC", "calibration error"]
    note = (
        "Rejected: the probability of being no character is above one half; lost: the same of true characters. AUC: the"
        " chance that one that is none has the higher probability of the two. The calibration error counts both kinds"
        " of glyphs, and being no character as one class more.\n"
    )
    return "\n".join(("### What is no character\n", table(head, body), note))


def weakest(metrics: Plain) -> str:
    """The weakest classes and the commonest confusions."""
    parts = []
    classes = metrics.get("per_class", {})
    worst = sorted((entry["top1"], label) for label, entry in classes.items() if entry["n"] >= MIN_CLASS)
    if worst:
        named = ", ".join(f"{code(label)} {100 * top1:.0f} %" for top1, label in worst[:WEAKEST])
        parts.append(f"Weakest classes over all held-out data: {named}.\n")
    if pairs := metrics.get("confusions", [])[:PAIRS]:
        named = ", ".join(f"{code(truth)} as {code(guess)} {n:,}" for truth, guess, n in pairs)
        parts.append(f"Commonest mistakes (truth, guess, how often): {named}.\n")
    return "\n".join(parts)


def _rows(metrics: Plain) -> list[Plain]:
    """A row a source, and one of all together where there are several."""
    rows = list(metrics.get("validation", []))
    pooled = metrics.get("pooled")
    return [*rows, {**pooled, "name": "all together"}] if pooled and len(rows) > 1 else rows


def _comparison(comparison: Plain) -> str:
    shares = {
        key: percent(comparison[key], 2) for key in ("converted_top1", "float_top1", "agreement", "top2_ties")
    }
    return (
        f"on the same {comparison['n']:,} glyphs, those of no character included: {shares['converted_top1']} against"
        f" {shares['float_top1']}, agreement {shares['agreement']}, ties of the two likeliest labels"
        f" {shares['top2_ties']}.\n"
    )
