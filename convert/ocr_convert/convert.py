"""The whole conversion: models in, a verified bundle out, or reasons why not."""

import json
import logging
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ocr_convert import quantize, samples
from ocr_convert.fold import input_shapes, macs
from ocr_convert.verify import Comparison, Labels, compare
from ocr_convert.write import write
from ocr_edge.bundle import Bundle
from ocr_edge.contract.labels import REJECT
from ocr_edge.contract.manifest import SCHEMA, Manifest, Stage
from ocr_edge.contract.preprocess import VERSION
from ocr_edge.contract.types import Image, Scores
from ocr_edge.errors import ConfigError, OcrEdgeError
from ocr_edge.interpreter import Network
from ocr_edge.recognizer import Recognizer, run
from ocr_train.datasets import Dataset
from ocr_train.evaluate import fit_temperature, measure
from ocr_train.feed import stack
from ocr_train.fit import scores

_LOGGER = logging.getLogger(__name__)


class Refused(OcrEdgeError):
    """The converted network lost more than it may; nothing was written. Ends a command with exit 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network to convert, with the record of its run where there is one.

    Attributes:
        model: From pixels 0..255 to logits.
        record: Content of ``run.json``, or empty.
    """

    model: keras.Model
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the caller decides.

    Attributes:
        name: What people call the bundle.
        quantized: Full int8, or float32.
        calibration: How many representative samples.
        escalate_below: Confidence under which a character goes on, one number for each stage but the last.
        combine: How scores of stages are combined.
    """

    name: str
    quantized: bool = True
    calibration: int = 1500
    escalate_below: tuple[float, ...] = ()
    combine: str = "replace"


def convert(
    trained: Sequence[Trained],
    labels: Sequence[str],
    calibration: Sequence[Dataset],
    held_out: Sequence[Dataset],
    out: Path,
    settings: Settings,
) -> tuple[Bundle, list[Comparison]]:
    """Convert, verify with the device's own code, and write.

    Args:
        trained: One network for each stage, in the order they run.
        labels: The ordered class texts.
        calibration: Data that representative samples are drawn from, RGB and binary alike.
        held_out: Data never trained on: it fits the temperature, compares and is reported.
        out: The bundle's folder.
        settings: The rest.

    Returns:
        The written bundle and one comparison a stage.

    Raises:
        Refused: A stage lost more than it may.
        ConfigError: A network cannot be converted.
    """
    if len(settings.escalate_below) != len(trained) - 1:
        raise ConfigError(f"{len(trained)} stages need {len(trained) - 1} --escalate-below values")
    representative = samples.draw(calibration, settings.calibration) if settings.quantized else None
    inputs = [stack([sample.glyph for sample in dataset.samples]) for dataset in held_out]
    pooled = {name: np.concatenate([part[name] for part in inputs]) for name in ("rgb", "binary")}
    truth: Labels = np.concatenate([dataset.label_array() for dataset in held_out])
    stages, networks, comparisons = [], [], []
    for index, item in enumerate(trained):
        _LOGGER.info("stage %d of %d: converting %s", index + 1, len(trained), item.model.name)
        floor = None if representative is None else logits_floor(scores(item.model, representative))
        content = quantize.convert(item.model, representative, floor)
        _LOGGER.info("stage %d of %d: verifying on %d glyphs", index + 1, len(trained), len(truth))
        logits = device_logits(content, pooled)
        comparison = compare(scores(item.model, pooled), logits, truth, labels)
        if reasons := comparison.refusals():
            raise Refused(f"{item.model.name}: {'; '.join(reasons)}; nothing was written")
        limit = settings.escalate_below[index] if index < len(settings.escalate_below) else None
        stages.append(_stage(item.model, index, settings, fit_temperature(logits, truth), limit))
        networks.append(content)
        comparisons.append(comparison)
    manifest = Manifest(
        schema=SCHEMA,
        name=settings.name,
        created="",
        preprocess=VERSION,
        labels=tuple(labels),
        inputs={name: shape[1:] for name, shape in input_shapes(trained[0].model).items()},  # type: ignore[misc]  # never None after the batch
        stages=tuple(stages),
        combine=settings.combine,  # type: ignore[arg-type]  # argparse offers only the two
        reject=labels.index(REJECT) if REJECT in labels else None,
        training={"runs": [run for item in trained for run in history(item.record)]},
        metrics={"conversion": comparisons[-1].as_dict(), "machine": machine()},
    )

    def measured(bundle: Bundle) -> dict[str, Any]:
        return {**manifest.metrics, **validation(Recognizer(bundle), held_out, inputs)}

    return write(out, manifest, networks, pooled, measured), comparisons


def device_logits(content: bytes, inputs: dict[str, Image]) -> Scores:
    """Logits of a ``.tflite`` file on preprocessed glyphs, computed as the device computes them.

    Args:
        content: The file's content.
        inputs: uint8 arrays by input name.

    Returns:
        float32, shape ``(N, L)``.
    """
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(content)
        file.flush()
        network = Network(Path(file.name), threads=os.cpu_count() or 1)
        return np.stack(
            [run(network, rgb, binary) for rgb, binary in zip(inputs["rgb"], inputs["binary"], strict=True)]
        )


def logits_floor(logits: Scores) -> float:
    """A level that the second likeliest label of almost every sample lies above, with a margin of one nat.

    Args:
        logits: float32, shape ``(N, L)``, of the calibration samples.
    """
    second = np.partition(logits, -2, axis=1)[:, -2]
    return float(np.quantile(second, 0.01)) - 1.0


def validation(
    recognizer: Recognizer, held_out: Sequence[Dataset], inputs: Sequence[dict[str, Image]]
) -> dict[str, Any]:
    """The bundle's measurements on the characters of each data set, and for each class over all of them.

    Glyphs that are no characters are left out: what a bundle says of them is the concern of whoever cuts them.
    """
    labels, rows, everything, truths = recognizer.labels, [], [], []
    for dataset, pixels in zip(held_out, inputs, strict=True):
        truth = dataset.label_array()
        named = np.flatnonzero(truth < len(labels))
        if not len(named):
            continue
        found = recognizer.recognize_inputs(list(pixels["rgb"][named]), list(pixels["binary"][named]))
        result = measure(dataset.name, found, truth[named], labels).as_dict()
        del result["per_class"]
        rows.append(result)
        everything.append(found)
        truths.append(truth[named])
    overall = measure("all", np.concatenate(everything), np.concatenate(truths), labels)
    return {"validation": rows, "per_class": overall.per_class}


def load(path: Path) -> Trained:
    """Load a trained network and the record of its run beside it.

    Raises:
        ConfigError: The file is missing or no Keras network.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: does not exist; expected a .keras file")
    try:
        model = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path}: not a Keras network ({str(error).splitlines()[0]})") from error
    record = path.with_name("run.json")
    return Trained(model, json.loads(record.read_text()) if record.is_file() else {})


def history(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of a run and of the runs its first weights came from, oldest first."""
    if not record:
        return []
    own = {key: value for key, value in record.items() if key != "initial"}
    return [*history(record.get("initial", {}).get("run", {})), own]


def machine() -> str:
    """Where numbers were measured: processor architecture and Python; never a host's name."""
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}"


def _stage(
    model: keras.Model, index: int, settings: Settings, temperature: float, limit: float | None
) -> Stage:
    return Stage(
        file=f"{index + 1}-{model.name}.tflite",
        sha256="",
        architecture=model.name,
        parameters=model.count_params(),
        macs=macs(model),
        quantization="int8" if settings.quantized else "float32",
        temperature=round(temperature, 4),
        escalate_below=limit,
    )
