"""Convert stages that name characters, as the command line says, and report what int8 lost."""

import argparse
import logging
from collections.abc import Sequence

from ocr_convert.adopt import adopt
from ocr_convert.arguments import CALIBRATION
from ocr_convert.cli_samples import data
from ocr_convert.convert import Settings, check_thresholds, convert
from ocr_convert.doubts import doubts
from ocr_convert.trained import Trained
from ocr_convert.verify import Comparison
from ocr_edge.contract import labels as label_orders
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.bundle import Bundle

_LOGGER = logging.getLogger(__name__)


def run(arguments: argparse.Namespace, trained: list[Trained]) -> int:
    """Convert them; returns the exit code."""
    thresholds = arguments.escalate_below
    check_thresholds(max(1, len(trained)), thresholds)
    if arguments.beside:
        raise ConfigError(
            "--beside: is for a line stage; stages that name characters are given together, in order"
        )
    if arguments.adopt:
        trained, labels = _adopted(arguments)
    else:
        labels = _labels(arguments, trained)
    calibration, held_out = data(arguments, trained, labels)
    settings = Settings(
        name=arguments.name or arguments.out.name,
        quantized=arguments.quantize,
        calibration=CALIBRATION if arguments.calibration is None else arguments.calibration,
        escalate_below=tuple(thresholds),
        combine=arguments.combine or "replace",
        force=arguments.force,
    )
    bundle, comparisons = convert(trained, labels, calibration, held_out, arguments.out, settings)
    _report(bundle, comparisons)
    for doubt in doubts(bundle.manifest):
        _LOGGER.warning("%s", doubt)
    print(f"wrote {arguments.out}")
    return 0


def _report(bundle: Bundle, comparisons: Sequence[Comparison]) -> None:
    """Say what conversion lost, and what the whole bundle does."""
    for stage, network, c in zip(bundle.manifest.characters, bundle.networks, comparisons, strict=True):
        step = f", output step {network.output.scale:.3f}" if network.output else ""
        print(
            f"{stage.file}: {100 * c.converted_top1:.2f} % against {100 * c.reference_top1:.2f} % in float"
            f" on {c.n} glyphs, agreement {100 * c.agreement:.2f} %, top-2 ties {100 * c.top2_ties:.2f} %{step}"
        )
    measured = bundle.manifest.metrics
    if len(comparisons) > 1:
        whole = measured["conversion"]
        shares = ", ".join(f"{100 * stage['reached']:.1f} %" for stage in measured["stages"])
        print(
            f"in sequence: {100 * whole['converted_top1']:.2f} % against {100 * whole['float_top1']:.2f} % in float;"
            f" {shares} reach the stages, {measured['mean_macs']:,} multiply-adds a glyph"
        )
    if (error := measured["pooled"]["ece"]) is not None:
        print(f"calibration error of the characters, all together: {100 * error:.2f} %")


def _adopted(arguments: argparse.Namespace) -> tuple[list[Trained], tuple[str, ...]]:
    if not arguments.labels:
        raise ConfigError("--adopt needs --labels: the original project trained with 0-9a-zA-Z")
    labels = label_orders.parse(arguments.labels)
    return [Trained(adopt(arguments.adopt, len(labels), arguments.input_scale), {})], labels


def _labels(arguments: argparse.Namespace, trained: Sequence[Trained]) -> tuple[str, ...]:
    """The labels all networks share."""
    if arguments.labels:
        labels = label_orders.parse(arguments.labels)
    else:
        recorded = {tuple(item.record["labels"]) for item in trained if "labels" in item.record}
        if not recorded:
            raise ConfigError("the labels are not known from run.json beside each model; say --labels ORDER")
        if len(recorded) > 1:
            counts = ", ".join(str(len(labels)) for labels in sorted(recorded, key=len))
            raise ConfigError(
                f"the networks name different labels ({counts} of them): all stages of a bundle must share theirs"
            )
        labels = recorded.pop()
    for item in trained:
        if item.model.output_shape[-1] != len(labels):
            raise ConfigError(
                f"{item.model.name} has {item.model.output_shape[-1]} outputs, there are {len(labels)} labels"
            )
    return labels
