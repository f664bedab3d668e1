"""``ocr-train evaluate``: how good a model or a bundle is on labelled characters."""

import argparse
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.errors import ConfigError, ModelError
from ocr_train.commands.common import add_parser, label_texts, load_keras, table

if TYPE_CHECKING:
    from ocr_edge.contract.types import Image, Scores
    from ocr_train.evaluate import Result

Scorer = Callable[[dict[str, "Image"]], "Scores"]
"""From preprocessed inputs to logits or log-probabilities, float32 (N, L)."""

DESCRIPTION = """Measure a model file or a bundle: top-1 over all classes with its 95 % confidence interval,
top-1 with case ignored, top-3, and the expected calibration error.

MODEL is a .keras file, with its labels in the run.json beside it or given by --labels; or the folder of a
bundle, which runs as it does on the device. The calibration error of a bundle is that of its confidences as
they are; that of a .keras file is what a temperature fitted on the other half would leave. A SPEC without a
#split uses every row of its data."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = add_parser(
        subparsers, "evaluate", "measure a model or a bundle on labelled characters", DESCRIPTION
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help=".keras file or folder of a bundle")
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="SPEC", help="data sets, such as tar:crops.tar#validation"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object per data set and line, with classes"
    )
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw confusions and mistakes here")
    parser.add_argument("--labels", metavar="ORDER", help="of a .keras file without a run.json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print.

    Raises:
        ConfigError: Data or labels are wrong.
        ModelError: The model cannot be used.
    """
    from ocr_train import datasets  # noqa: PLC0415 - see commands/__init__.py
    from ocr_train.evaluate import measure  # noqa: PLC0415
    from ocr_train.sources import distinct_names, stack  # noqa: PLC0415

    names = distinct_names(args.data)
    is_bundle = args.model.is_dir()
    score, labels = open_bundle(args.model) if is_bundle else open_model(args.model, args.labels)
    results = []
    for spec, name in zip(args.data, names, strict=True):
        dataset = datasets.load(spec, labels)
        inputs, truth = stack([sample.glyph for sample in dataset.samples]), dataset.label_array()
        logits = score(inputs)
        results.append(measure(name, logits, truth, labels, calibrated=is_bundle))
        if args.json:
            print(json.dumps(results[-1].as_dict(), allow_nan=False), flush=True)
        if args.pictures:
            from ocr_train import pictures  # noqa: PLC0415

            suffix = "-" + re.sub(r"[^\w.-]+", "-", name)
            pictures.draw_errors(args.pictures, inputs, logits, truth, labels, suffix=suffix)
    if not args.json:
        print(as_table(results))
    return 0


def open_bundle(path: Path) -> tuple[Scorer, tuple[str, ...]]:
    """A bundle through the device's own recogniser, and its labels.

    Raises:
        ModelError: It cannot be used.
    """
    from ocr_edge.bundle import load  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.recognizer import Recognizer  # noqa: PLC0415

    recognizer = Recognizer(load(path))
    return lambda inputs: recognizer.recognize_inputs(
        list(inputs["rgb"]), list(inputs["binary"])
    ), recognizer.labels


def open_model(path: Path, order: str | None) -> tuple[Scorer, tuple[str, ...]]:
    """A ``.keras`` file, and its labels.

    Args:
        path: The file.
        order: The labels; None for those of the ``run.json`` beside it.

    Raises:
        ConfigError: There are no labels, or not as many as outputs.
        ModelError: The file is no network of ours.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such file or folder")
    if path.suffix != ".keras":
        raise ModelError(f"{path}: expected a .keras file or the folder of a bundle")
    labels = label_texts(order) if order is not None else _recorded_labels(path.with_name("run.json"))
    keras = load_keras()
    from ocr_train.fit import scores  # noqa: PLC0415 - see commands/__init__.py

    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras has no error of its own for a file that is none of its own.
        raise ModelError(f"{path}: cannot be loaded ({str(error).partition(chr(10))[0]})") from error
    names = {tensor.name for tensor in model.inputs}
    if names != {"rgb", "binary"}:
        raise ModelError(f"{path}: its inputs are {', '.join(sorted(names))}, expected rgb and binary")
    outputs = model.output_shape[-1]
    if outputs != len(labels):
        raise ConfigError(f"{path}: has {outputs} outputs, but there are {len(labels)} labels")
    return lambda inputs: scores(model, inputs), labels


def _recorded_labels(path: Path) -> tuple[str, ...]:
    try:
        return tuple(json.loads(path.read_text())["labels"])
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: does not exist; say with --labels which order the model was trained with"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: names no labels; say with --labels which order the model has") from error


def as_table(results: "list[Result]") -> str:
    """The measurements for people: percents, and the interval of top-1."""
    from ocr_train.evaluate import wilson  # noqa: PLC0415 - see commands/__init__.py

    rows: list[tuple[str, ...]] = [("data", "n", "top-1", "95 % interval", "case-merged", "top-3", "ECE")]
    for result in results:
        low, high = (100 * end for end in wilson(result.top1, result.n))
        shares = [f"{100 * value:.2f}" for value in (result.top1, result.top1_case_merged, result.top3)]
        ece = "-" if math.isnan(result.ece) else f"{100 * result.ece:.2f}"
        rows.append((result.name, str(result.n), shares[0], f"{low:.2f} - {high:.2f}", *shares[1:], ece))
    return table(rows)
