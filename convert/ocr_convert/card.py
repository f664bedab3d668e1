"""The bundle's card: its data and their terms, how good it is, where it fails (Mitchell et al., FAT* 2019)."""

from typing import Any

from ocr_edge.contract.manifest import Manifest

LOOK_ALIKES = "c/C, o/O/0, s/S, v/V, w/W, x/X, z/Z and i/I/l/1"


def text(manifest: Manifest) -> str:
    """The card in Markdown, made from the manifest alone."""
    parts = [
        f"# {manifest.name}\n",
        f"Reads {len(manifest.texts)} classes: `{''.join(manifest.texts)}`. Made on {manifest.created};"
        f" preprocessing version {manifest.preprocess}.\n",
        "## Networks\n",
        _table(
            ["stage", "architecture", "parameters", "multiply-adds", "numbers", "temperature"],
            [
                [
                    s.file,
                    s.architecture,
                    f"{s.parameters:,}",
                    f"{s.macs:,}",
                    s.quantization,
                    f"{s.temperature:.2f}",
                ]
                for s in manifest.stages
            ],
        ),
        "## Trained on\n",
        _training(manifest.training),
        "## How good\n",
        _metrics(manifest.metrics),
        "## Where it fails\n",
        f"An isolated crop has lost its size, so {LOOK_ALIKES} cannot be told apart from it: compare the column that"
        " merges case. Lines give back what crops lose, but only where the line has other characters to compare with."
        " Everything outside the classes above, punctuation included, is named as one of them or left out by the"
        " segmenter.\n",
        _weakest(manifest.metrics),
    ]
    return "\n".join(part for part in parts if part)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _training(training: dict[str, Any]) -> str:
    runs = [run for run in training.get("runs", []) if run.get("recipe")]
    if not runs:
        return "Not recorded: the network came without the record of its run.\n"
    parts = []
    for run in runs:
        recipe, versions = run.get("recipe", {}), run.get("versions", {})
        counts = {name: entry.get("n", 0) for name, entry in run.get("data", {}).items()}
        rows = [
            [source["data"], f"{n:,}", f"{source['weight']:g}", source.get("terms", "none stated")]
            for source, n in zip(recipe.get("sources", []), _in_order(recipe, counts), strict=True)
        ]
        parts.append(_table(["source", "training samples", "weight", "terms"], rows))
        parts.append(
            f"Recipe: {recipe['epochs']} epochs of {recipe['epoch_samples']:,} samples, seed"
            f" {recipe.get('seed')}, best epoch {run.get('best_epoch')}; commit {run.get('commit') or 'unknown'};"
            f" Keras {versions.get('keras')} on {versions.get('backend')}, Python {versions.get('python')}.\n"
        )
    parts.append("Sets whose writers are unknown are split at random and so are not writer-disjoint.\n")
    return "\n".join(parts)


def _in_order(recipe: dict[str, Any], counts: dict[str, int]) -> list[int]:
    """Sample counts in the order of the recipe's sources; the record keeps that order."""
    sources = recipe.get("sources", [])
    values = list(counts.values())
    return values if len(values) == len(sources) else [0] * len(sources)


def _metrics(metrics: dict[str, Any]) -> str:
    comparison = metrics.get("conversion")
    parts = []
    if rows := metrics.get("validation"):
        parts.append(
            _table(
                ["held-out data", "n", "62 classes", "case merged", "top 3", "calibration error"],
                [
                    [r["name"], f"{r['n']:,}", *(f"{100 * r[k]:.1f} %" for k in ("top1", "top1_case_merged", "top3")),
                     "" if r["ece"] is None else f"{r['ece']:.3f}"]
                    for r in rows
                ],
            ).replace("62 classes", "all classes")
        )  # fmt: skip
    if comparison:
        parts.append(
            f"Converted against float on the same {comparison['n']:,} glyphs:"
            f" {100 * comparison['converted_top1']:.2f} % against {100 * comparison['float_top1']:.2f} %,"
            f" agreement {100 * comparison['agreement']:.2f} %, ties of the two likeliest labels"
            f" {100 * comparison['top2_ties']:.2f} %.\n"
        )
    if machine := metrics.get("machine"):
        parts.append(f"Measured on {machine}.\n")
    return "\n".join(parts) or "Not measured.\n"


def _weakest(metrics: dict[str, Any]) -> str:
    classes = metrics.get("per_class", {})
    worst = sorted((entry["top1"], label) for label, entry in classes.items() if entry["n"] >= 20)[:10]
    if not worst:
        return ""
    return (
        "Weakest classes over all held-out data: "
        + ", ".join(f"{label} {100 * top1:.0f} %" for top1, label in worst)
        + ".\n"
    )
