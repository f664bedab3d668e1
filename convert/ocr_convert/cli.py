"""``ocr-convert``: trained networks in, a verified bundle for the device out."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_edge import __version__, program
from ocr_edge.contract import labels as label_orders
from ocr_edge.errors import ConfigError

if TYPE_CHECKING:
    from ocr_convert.trained import Converted, Trained
    from ocr_train.datasets import Dataset

_LOGGER = logging.getLogger(__name__)
CALIBRATION = 1500
"""Representative samples of a character stage."""

EPILOG = """\
examples:
  ocr-convert --quantize runs/x/model.keras --samples tar:crops.tar --out mybundle
  ocr-convert --quantize runs/x/model.keras --data data --out mybundle     (samples of the run's own recipe)
  ocr-convert --quantize small.keras large.keras --escalate-below 0.9 --samples tar:crops.tar --out cascade
  ocr-convert --quantize runs/line/model.keras --data data --beside default --out mybundle     (a line stage)
  ocr-convert --quantize runs/detect/model.keras --data data --beside default --out mybundle     (a detector)
  ocr-convert --quantize --adopt ocr_model.h5 --labels 0-9a-zA-Z --samples folder:characters --out adopted

exit codes: 0 written; 1 the network is poor or lost too much by conversion, nothing written; 2 usage or data; 3 bundle;
130 stopped by Ctrl-C, nothing written
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="ocr-convert",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    made.add_argument(
        "models", nargs="*", type=Path, metavar="MODEL.keras", help="one a stage, in the order they run"
    )
    made.add_argument(
        "--quantize", action="store_true", help="full int8; without it the bundle computes in float32"
    )
    made.add_argument(
        "--adopt", type=Path, metavar="FILE.h5", help="take in the original project's network instead"
    )
    made.add_argument(
        "--labels",
        metavar="ORDER",
        help="class order of the networks (default: as their run.json says), and of samples whose classes are numbers",
    )
    made.add_argument(
        "--input-scale",
        type=float,
        default=255.0,
        metavar="X",
        help="with --adopt: what its pixels were divided by (default 255)",
    )
    made.add_argument(
        "--samples",
        nargs="+",
        metavar="SPEC",
        help="data sets: their train split calibrates, their validation split verifies",
    )
    made.add_argument(
        "--data",
        default="data",
        metavar="DIR",
        help="folder of the recipe's data, where --samples is not given (default data)",
    )
    made.add_argument(
        "--calibration", type=int, metavar="N", help=f"representative samples (default {CALIBRATION})"
    )
    made.add_argument(
        "--escalate-below",
        type=float,
        action="append",
        default=[],
        metavar="P",
        help="confidence under which a character goes on to the next stage; once for each stage but the last",
    )
    made.add_argument(
        "--combine",
        choices=("replace", "mean"),
        help="how scores of stages are combined (default replace)",
    )
    made.add_argument(
        "--beside",
        metavar="BUNDLE",
        help="with a line stage or a detector: take the other stages of this bundle, a folder or the name of one that"
        " ships",
    )
    made.add_argument(
        "--force",
        action="store_true",
        help="convert a network that names most held-out glyphs wrong all the same",
    )
    made.add_argument("--name", help="name of the bundle (default: that of its folder)")
    made.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder to write")
    made.add_argument(
        "-v", "--verbose", action="store_true", help="more lines on stderr, and TensorFlow's own"
    )
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    arguments = parser().parse_args(argv)
    level = logging.DEBUG if arguments.verbose else logging.INFO
    return program.run(lambda: _run(arguments), level, workstation=True)


def _run(arguments: argparse.Namespace) -> int:
    if bool(arguments.models) == bool(arguments.adopt):
        raise ConfigError("give either MODEL.keras files or --adopt FILE.h5")
    # TensorFlow takes seconds to import; --help and a usage error need not wait for it.
    from ocr_train.commands.common import load_keras  # noqa: PLC0415

    load_keras()
    from ocr_convert.convert import Settings, check_thresholds, convert  # noqa: PLC0415
    from ocr_convert.doubts import doubts  # noqa: PLC0415
    from ocr_convert.trained import load  # noqa: PLC0415

    thresholds = arguments.escalate_below
    # One network may be a line stage, which takes none at all; more are stages that name characters.
    if arguments.adopt or len(arguments.models) > 1:
        check_thresholds(max(1, len(arguments.models)), thresholds)
    trained = [load(path) for path in arguments.models]
    kinds = {item.kind for item in trained}
    if kinds & {"line", "detect"}:
        return _run_whole(arguments, trained)
    check_thresholds(max(1, len(trained)), thresholds)
    if arguments.beside:
        raise ConfigError(
            "--beside: is for a line stage; stages that name characters are given together, in order"
        )
    if arguments.adopt:
        trained, labels = _adopted(arguments)
    else:
        labels = _labels(arguments, trained)
    calibration, held_out = _data(arguments, trained, labels)
    settings = Settings(
        name=arguments.name or arguments.out.name,
        quantized=arguments.quantize,
        calibration=CALIBRATION if arguments.calibration is None else arguments.calibration,
        escalate_below=tuple(thresholds),
        combine=arguments.combine or "replace",
        force=arguments.force,
    )
    bundle, comparisons = convert(trained, labels, calibration, held_out, arguments.out, settings)
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
    for doubt in doubts(bundle.manifest):
        _LOGGER.warning("%s", doubt)
    print(f"wrote {arguments.out}")
    return 0


def _run_whole(arguments: argparse.Namespace, trained: "list[Trained]") -> int:
    """Convert a stage that reads or finds lines."""
    from ocr_convert.write import write_stage  # noqa: PLC0415
    from ocr_edge.bundles import load as bundles  # noqa: PLC0415
    from ocr_train.feed import located  # noqa: PLC0415

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


def _line(trained: "Trained", specs: "Sequence[str]") -> "Converted":
    """Convert a line stage, and say what int8 lost."""
    from ocr_convert.lines import convert  # noqa: PLC0415
    from ocr_train.datasets import words  # noqa: PLC0415

    sets = [words.load(spec) for spec in specs]
    calibration, held_out = (
        [part for lines in sets if (part := lines.of(split))] for split in ("train", "validation")
    )
    _check_both(calibration, held_out, "line")
    converted = convert(trained, calibration, held_out)
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


def _detector(trained: "Trained", specs: "Sequence[str]") -> "Converted":
    """Convert a detector, and say what int8 lost."""
    from ocr_convert.detectors import convert  # noqa: PLC0415
    from ocr_train.scenes import boxed  # noqa: PLC0415

    sets = [boxed.load(spec) for spec in specs]
    calibration, held_out = (
        [part for scenes in sets if (part := scenes.of(split)).scenes] for split in ("train", "validation")
    )
    _check_both(calibration, held_out, "scene")
    converted = convert(trained, calibration, held_out)
    found = converted.metrics
    print(
        f"{converted.stage.file}: F {100 * found['converted_f']:.2f} % against {100 * found['float_f']:.2f} % in float"
        f" on {found['n']} scenes"
    )
    return converted


def _adopted(arguments: argparse.Namespace) -> "tuple[list[Trained], tuple[str, ...]]":
    from ocr_convert.adopt import adopt  # noqa: PLC0415 - needs Keras
    from ocr_convert.trained import Trained  # noqa: PLC0415

    if not arguments.labels:
        raise ConfigError("--adopt needs --labels: the original project trained with 0-9a-zA-Z")
    labels = label_orders.parse(arguments.labels)
    return [Trained(adopt(arguments.adopt, len(labels), arguments.input_scale), {})], labels


def _labels(arguments: argparse.Namespace, trained: "Sequence[Trained]") -> tuple[str, ...]:
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


def _data(
    arguments: argparse.Namespace, trained: "Sequence[Trained]", labels: Sequence[str]
) -> "tuple[list[Dataset], list[Dataset]]":
    """Data to calibrate with and data to verify on, from --samples or from the recipe of the first run."""
    from ocr_train.datasets import Dataset, load  # noqa: PLC0415
    from ocr_train.feed import located  # noqa: PLC0415

    specs = arguments.samples
    if not specs:
        sources = trained[0].record.get("recipe", {}).get("sources", [])
        if not sources:
            raise ConfigError("no run.json beside the model names its data; give --samples SPEC")
        specs = [located(source["data"], arguments.data) for source in sources]
    calibration: list[Dataset] = []
    held_out: list[Dataset] = []
    for spec in specs:
        dataset = load(_in_order(spec, arguments.labels), labels)
        for split, target in (("train", calibration), ("validation", held_out)):
            samples = [sample for sample in dataset.samples if sample.split == split]
            if samples:
                target.append(Dataset(dataset.name, samples))
    _check_both(calibration, held_out, "sample")
    return calibration, held_out


def _in_order(spec: str, order: str | None) -> str:
    """A spec whose classes, where they are numbers, count in the order of --labels unless it says another itself."""
    place, mark, split = spec.partition("#")
    path, _, options = place.partition("?")
    if order not in label_orders.ORDERS or "labels=" in options or path.startswith("emnist:"):
        return spec
    return f"{path}?labels={order}{'&' * bool(options)}{options}{mark}{split}"


def _check_both(calibration: "Sequence[object]", held_out: "Sequence[object]", what: str) -> None:
    """Refuse data of one split alone: what calibrated would also verify, or nothing would."""
    if not calibration or not held_out:
        missing = "train" if not calibration else "validation"
        raise ConfigError(
            f"--samples: no {what} of the {missing} split; both splits are needed, to calibrate and to verify"
        )


if __name__ == "__main__":
    sys.exit(main())
