"""The bundle's card: its data and their terms, how good it is, where it fails (Mitchell et al., FAT* 2019)."""

from ocr_convert import card_lines, card_quality, card_scenes, card_training
from ocr_convert.markdown import code, table
from ocr_edge.contract.manifest import Manifest
from ocr_edge.contract.stage import Stage

LOOK_ALIKES = "c/C, o/O/0, s/S, v/V, w/W, x/X, z/Z and i/I/l/1"
LINES_FIRST = (
    "\nA line is read by the line stage; the character stages read where they are asked for. Its"
    " multiply-adds are those of a strip of 32x128.\n"
)
DETECTOR_FIRST = (
    "\nThe detector looks at the whole picture and says where its lines are. Its multiply-adds are those of one look at"
    " 640x480 pixels.\n"
)
DOES = {"detect": "finds lines", "line": "reads lines", "character": "names characters"}
COMBINE = {
    "replace": "its probabilities replace the earlier ones",
    "mean": "the probabilities of all stages that ran are averaged",
}


def text(manifest: Manifest, picture: str = "") -> str:
    """The card in Markdown, made from the manifest alone.

    Args:
        manifest: The bundle's.
        picture: Name of the reliability picture in the bundle's folder; empty where there is none.
    """
    parts = [
        f"# {manifest.name}\n",
        f"Reads {len(manifest.texts)} classes: {code(''.join(manifest.texts))}.{_none_of_them(manifest)} Made on"
        f" {manifest.created}; preprocessing version {manifest.preprocess}.\n",
        "## Networks\n",
        _networks(manifest),
        "## Trained on\n",
        card_training.text(manifest.training, [stage.file for stage in manifest.stages]),
        "## How good\n",
        card_scenes.quality(manifest.metrics),
        card_lines.quality(manifest.metrics),
        *_characters(manifest, picture),
        "## Where it fails\n",
        card_scenes.FAILS if manifest.detectors else "",
        card_lines.FAILS if manifest.lines else "",
        *_character_failures(manifest),
    ]
    return "\n".join(part for part in parts if part)


def _characters(manifest: Manifest, picture: str) -> list[str]:
    """How good the stages that name characters are; nothing where there are none."""
    if not manifest.characters:
        return []
    return [
        "### Characters\n" if manifest.lines else "",
        card_quality.accuracy(manifest.metrics, [stage.file for stage in manifest.characters]),
        card_quality.calibration(manifest.metrics, picture),
        card_quality.no_characters(manifest.metrics),
    ]


def _character_failures(manifest: Manifest) -> list[str]:
    if not manifest.characters:
        return []
    return [
        f"An isolated crop has lost its size, so {LOOK_ALIKES} cannot be told apart from it: compare the column that"
        " merges case. Lines give back what crops lose, but only where the line has other characters to compare with."
        " Everything outside the classes of the character stages, punctuation included, is named by them as one of"
        " these or left out by the segmenter.\n",
        card_quality.weakest(manifest.metrics),
    ]


def _none_of_them(manifest: Manifest) -> str:
    if not manifest.characters:
        return ""
    if manifest.characters[0].reject is None:
        return " It has no class for what is no character: every glyph is named as one of these."
    return " One class more, never said, is what is no character."


def _networks(manifest: Manifest) -> str:
    rows = [
        [
            stage.file,
            stage.architecture,
            f"{stage.parameters:,}",
            f"{stage.macs:,}",
            stage.quantization,
            _temperatures(stage),
        ]
        for stage in manifest.stages
    ]
    head = ["stage", "architecture", "parameters", "multiply-adds", "numbers", "temperature"]
    if len(manifest.stages) == 1:
        return table(head, rows)
    rows = [[*row, DOES[stage.kind]] for row, stage in zip(rows, manifest.stages, strict=True)]
    reached = [stage["reached"] for stage in manifest.metrics.get("stages", [])]
    for index, (row, stage) in enumerate(
        zip(rows, manifest.stages, strict=True), len(manifest.characters) - len(manifest.stages)
    ):
        row.append("" if stage.escalate_below is None else f"{stage.escalate_below:g}")
        row.append(f"{100 * reached[index]:.1f} %" if 0 <= index < len(reached) else "")
    macs = manifest.metrics.get("mean_macs")
    cost = (
        f" A held-out glyph costs {macs:,} multiply-adds on average, every source counting equally."
        if macs
        else ""
    )
    return (
        table([*head, "does", "goes on below", "reached by"], rows)
        + (DETECTOR_FIRST if manifest.detectors else "")
        + (LINES_FIRST if manifest.lines else "")
        + "\nThe character stages run in sequence: a glyph whose likeliest class is less sure than the threshold goes"
        f" on to the next stage, and {COMBINE[manifest.combine]}.{cost}\n"
    )


def _temperatures(stage: Stage) -> str:
    if stage.kind == "detect":
        return ""
    twins = "" if stage.twin_temperature is None else f", among twins {stage.twin_temperature:.2f}"
    return f"{stage.temperature:.2f}{twins}"
