"""``ocr-train evaluate``: how good a model or a bundle is on labelled characters, lines or scenes."""

import argparse
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_edge.errors import ConfigError, ModelError
from ocr_train.commands.common import add_parser, label_texts, load_keras, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocr_edge.contract.types import Image, Scores
    from ocr_train.evaluate import Result
    from ocr_train.scenes.evaluate import SceneResult
    from ocr_train.strips.evaluate import LineResult

Scorer = Callable[[dict[str, "Image"]], "Scores"]
"""From preprocessed inputs to logits or log-probabilities, float32 (N, L)."""

WHOLE = ("words", "scenes")
"""Kinds of data that are not of single characters."""

DESCRIPTION = """Measure a model file or a bundle: top-1 over all classes with its 95 % confidence interval,
top-1 with case ignored, top-3, and the expected calibration error.

Lines of text (words:PATH) measure a stage that reads lines: the share read exactly with its interval, with case
ignored, and the character error rate, with and without marks; case and marks count where the truth has them.

Pictures with outlines (scenes:PATH) measure a stage that finds lines: precision, recall and F by the rule of
ICDAR 2015, in one look at the whole picture.

MODEL is a .keras file, with its labels in the run.json beside it or given by --labels; or a bundle, by its folder or,
as default, by the name under which it ships: it runs as it does on the device. The calibration error of a bundle is
that of its confidences as they are; that of a .keras file is what a temperature fitted on the other half would leave. A
SPEC without a #split uses every row of its data."""


def add(subparsers: Any) -> None:
    """Add the command to the program's subparsers."""
    parser = add_parser(
        subparsers, "evaluate", "measure a model or a bundle on labelled characters", DESCRIPTION
    )
    parser.add_argument(
        "model", type=Path, metavar="MODEL", help=".keras file, folder of a bundle, or name of a shipped one"
    )
    parser.add_argument(
        "--data",
        nargs="+",
        required=True,
        metavar="SPEC",
        help="data sets, such as tar:crops.tar#validation or, all of them, words:lines.tar#test or scenes:street.tar",
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
    from ocr_edge.bundles import builtin  # noqa: PLC0415 - see commands/__init__.py
    from ocr_train import datasets  # noqa: PLC0415
    from ocr_train.evaluate import measure  # noqa: PLC0415
    from ocr_train.sources import distinct_names, stack  # noqa: PLC0415

    if not args.model.exists():
        args.model = builtin.named(args.model)
    names = distinct_names(args.data)
    kinds = {kind if (kind := spec.partition(":")[0]) in WHOLE else "" for spec in args.data}
    if len(kinds) > 1:
        raise ConfigError(
            "--data: characters, lines (words:) and scenes (scenes:) are measured in runs of their own"
        )
    if (kind := kinds.pop()) in WHOLE:
        return _run_lines(args, names) if kind == "words" else _run_scenes(args, names)
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


def _run_lines(args: argparse.Namespace, names: "Sequence[str]") -> int:
    """Measure a stage that reads lines."""
    from ocr_train.datasets import words  # noqa: PLC0415 - see commands/__init__.py
    from ocr_train.strips.evaluate import compare  # noqa: PLC0415
    from ocr_train.strips.readers import of_bundle, of_model  # noqa: PLC0415

    load_keras()
    read, labels = of_bundle(args.model) if args.model.is_dir() else of_model(args.model, args.labels)
    results = []
    for spec, name in zip(args.data, names, strict=True):
        lines = words.load(spec)
        said = read([sample.image for sample in lines.samples])
        results.append(replace(compare(lines, said), name=name))
        if args.json:
            print(json.dumps(results[-1].as_dict(), allow_nan=False), flush=True)
        if args.pictures:
            from ocr_train.strips.errors import draw_errors  # noqa: PLC0415

            args.pictures.mkdir(parents=True, exist_ok=True)
            draw_errors(args.pictures, [lines], [said], labels, suffix="-" + re.sub(r"[^\w.-]+", "-", name))
    if not args.json:
        print(lines_table(results))
    return 0


def _run_scenes(args: argparse.Namespace, names: "Sequence[str]") -> int:
    """Measure a stage that finds lines."""
    load_keras()
    from ocr_train.scenes import boxed, look  # noqa: PLC0415 - see commands/__init__.py
    from ocr_train.scenes.evaluate import measure, of_bundle, of_model  # noqa: PLC0415

    find = of_bundle(args.model) if args.model.is_dir() else of_model(args.model)
    results = []
    for spec, name in zip(args.data, names, strict=True):
        scenes = boxed.load(spec)
        results.append(replace(measure(find, scenes), name=name))
        if args.json:
            print(json.dumps(results[-1].as_dict(), allow_nan=False), flush=True)
        if args.pictures:
            suffix = re.sub(r"[^\w.-]+", "-", name)
            look.draw_found(args.pictures / f"found-{suffix}.png", find, [scenes], 60)
    if not args.json:
        print(scenes_table(results))
    return 0


def scenes_table(results: "list[SceneResult]") -> str:
    """The measurements of scenes for people, in percents."""
    rows: list[tuple[str, ...]] = [("data", "pictures", "outlines", "precision", "recall", "F")]
    for result in results:
        counts = result.counts
        shares = (f"{100 * share:.2f}" for share in (counts.precision, counts.recall, counts.f))
        rows.append((result.name, str(result.n), str(counts.there), *shares))
    return table(rows)


def lines_table(results: "list[LineResult]") -> str:
    """The measurements of lines for people, in percents."""
    from ocr_train.evaluate import wilson  # noqa: PLC0415 - see commands/__init__.py

    rows: list[tuple[str, ...]] = [
        ("data", "lines", "exact", "95 % interval", "case-merged", "CER", "without marks")
    ]
    for result in results:
        low, high = (100 * end for end in wilson(result.exact, result.n))
        shares = (result.exact_case_merged, result.cer, result.cer_without_marks)
        each = (f"{100 * share:.2f}" for share in shares)
        rows.append(
            (result.name, str(result.n), f"{100 * result.exact:.2f}", f"{low:.2f} - {high:.2f}", *each)
        )
    return table(rows)


def open_bundle(path: Path) -> tuple[Scorer, tuple[str, ...]]:
    """A bundle through the device's own recogniser, and its labels.

    Raises:
        ModelError: It cannot be used.
    """
    from ocr_edge.bundles.load import load  # noqa: PLC0415 - see commands/__init__.py
    from ocr_edge.recognize.characters import Recognizer  # noqa: PLC0415

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
    labels = model_labels(path, order)
    model = load_model(path, labels)
    if len(model.output_shape) > 2:
        raise ConfigError(f"{path}: reads lines; measure it on words: data")
    from ocr_train.fit import scores  # noqa: PLC0415 - see commands/__init__.py

    return lambda inputs: scores(model, inputs), labels


def model_labels(path: Path, order: str | None) -> tuple[str, ...]:
    """The labels of a ``.keras`` file: those given, or those of the ``run.json`` beside it; see ``open_model``."""
    if not path.is_file():
        from ocr_edge.bundles.builtin import said  # noqa: PLC0415 - see commands/__init__.py

        raise ModelError(f"{path}: no such file or folder; {said()}")
    if path.suffix != ".keras":
        raise ModelError(f"{path}: expected a .keras file or the folder of a bundle")
    return label_texts(order) if order is not None else _recorded_labels(path.with_name("run.json"))


def load_model(path: Path, labels: "Sequence[str]") -> Any:
    """A network of ours with so many labels.

    Raises:
        ConfigError: It has another number of outputs.
        ModelError: The file is no network of ours.
    """
    keras = load_keras()
    import ocr_train.architectures  # noqa: F401, PLC0415 - its layers must be known before a network is loaded

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
    return model


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
