"""Convert a stage that reads or finds lines, as the command line says, and report what int8 lost."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ocr_convert import detectors, lines
from ocr_convert.cli_samples import check_both
from ocr_convert.trained import Converted, Trained
from ocr_convert.write import write_stage
from ocr_edge.bundles import load as bundles
from ocr_edge.errors import ConfigError
from ocr_train.datasets import words
from ocr_train.feed import located
from ocr_train.scenes import boxed


def run(arguments: argparse.Namespace, trained: list[Trained]) -> int:
    """Convert it; returns the exit code."""
    is_line = "line" in {item.kind for item in trained}
    what = "a line stage" if is_line else "a detector"
    if len(trained) > 1:
        does = "reads" if is_line else "finds"
        raise ConfigError(f"{len(trained)} networks, one of which {does} lines: give that one alone")
    given = [
        "--" + name.replace("_", "-")
        for name in ("labels", "calibration", "escalate_below", "combine")
        if getattr(arguments, name) not in (None, [])
    ]
    if given:
        has = "a line stage has its labels from its run, and" if is_line else "a detector has no labels, and"
        raise ConfigError(
            f"{', '.join(given)}: for stages that name characters; {has} stands before all others"
        )
    if not arguments.quantize:
        raise ConfigError(f"{what} is converted to int8 only: add --quantize")
    sources = trained[0].record["recipe"]["sources"]
    specs = arguments.samples or [located(source["data"], arguments.data) for source in sources]
    if not specs:
        made, kind = ("rendered lines", "words") if is_line else ("drawn scenes", "scenes")
        raise ConfigError(f"the run was trained on {made} alone; give --samples {kind}:PATH")
    beside = bundles.load(Path(arguments.beside)) if arguments.beside else None
    converted = (_line if is_line else _detector)(trained[0], specs)
    name = arguments.name or arguments.out.name
    write_stage(arguments.out, converted, beside, name, trained[0].record)
    print(f"wrote {arguments.out}")
    return 0


def _line(trained: Trained, specs: Sequence[str]) -> Converted:
    """Convert a line stage, and say what int8 lost."""
    sets = [words.load(spec) for spec in specs]
    calibration, held_out = (
        [part for each in sets if (part := each.of(split))] for split in ("train", "validation")
    )
    check_both(calibration, held_out, "line")
    converted = lines.convert(trained, calibration, held_out)
    found = converted.metrics
    print(
        f"{converted.stage.file}: {100 * found['converted_cer']:.2f} % of the characters wrong against"
        f" {100 * found['float_cer']:.2f} % in float on {found['n']} lines, agreement"
        f" {100 * found['agreement']:.2f} %, output step {found['step']:.3f}"
    )
    for promise in found["promises"]:
        print(
            f"of {promise['n']} lines said at {promise['confidence']} or more {100 * promise['right']:.1f} % are right"
        )
    return converted


def _detector(trained: Trained, specs: Sequence[str]) -> Converted:
    """Convert a detector, and say what int8 lost."""
    sets = [boxed.load(spec) for spec in specs]
    calibration, held_out = (
        [part for each in sets if (part := each.of(split)).scenes] for split in ("train", "validation")
    )
    check_both(calibration, held_out, "scene")
    converted = detectors.convert(trained, calibration, held_out)
    found = converted.metrics
    print(
        f"{converted.stage.file}: F {100 * found['converted_f']:.2f} % against {100 * found['float_f']:.2f} % in float"
        f" on {found['n']} scenes"
    )
    return converted
