"""The whole conversion: models in, a verified bundle out, or reasons why not."""

import logging
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from ocr_convert import metrics, quantize, samples
from ocr_convert.calibrate import fit
from ocr_convert.doubts import refuse_poor
from ocr_convert.fold import input_shapes, macs
from ocr_convert.trained import Refused, Trained, history
from ocr_convert.verify import Comparison, Labels, compare
from ocr_convert.write import write
from ocr_edge.bundles.load import Bundle
from ocr_edge.contract.calibrate import same_shape
from ocr_edge.contract.confusables import TWINS
from ocr_edge.contract.labels import REJECT
from ocr_edge.contract.manifest import SCHEMA, Manifest
from ocr_edge.contract.preprocess import VERSION
from ocr_edge.contract.stage import Stage
from ocr_edge.contract.types import Image, Scores
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.cascade import in_sequence
from ocr_edge.recognize.characters import run
from ocr_edge.recognize.interpreter import Network
from ocr_train.datasets import Dataset
from ocr_train.feed import stack
from ocr_train.fit import scores

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the caller decides.

    Attributes:
        name: What people call the bundle.
        quantized: Full int8, or float32.
        calibration: How many representative samples.
        escalate_below: Confidence under which a character goes on, one number for each stage but the last.
        combine: How scores of stages are combined.
        force: Whether a network that names most glyphs wrong is converted all the same.
    """

    name: str
    quantized: bool = True
    calibration: int = 1500
    escalate_below: tuple[float, ...] = ()
    combine: str = "replace"
    force: bool = False


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
        held_out: Data never trained on: it fits the temperatures, compares and is reported.
        out: The bundle's folder.
        settings: The rest.

    Returns:
        The written bundle and one comparison a stage.

    Raises:
        Refused: A stage names most glyphs wrong already in float; or it, or all in sequence, lost more than it may.
        ConfigError: A network cannot be converted, or the thresholds do not fit the stages.
    """
    check_thresholds(len(trained), settings.escalate_below)
    representative = samples.draw(calibration, settings.calibration) if settings.quantized else None
    glyphs = stack([sample.glyph for dataset in held_out for sample in dataset.samples])
    truth: Labels = np.concatenate([dataset.label_array() for dataset in held_out])
    sizes = [len(dataset.samples) for dataset in held_out]
    confusables = tuple(shape for shape in TWINS if len(set(shape) & set(labels)) > 1)
    same = same_shape(labels, confusables)
    stages, networks, comparisons = [], [], []
    in_float, converted = [], []
    for index, item in enumerate(trained):
        which = f"stage {index + 1} of {len(trained)}"
        _LOGGER.info("%s: converting %s", which, item.architecture)
        floor = None if representative is None else logits_floor(scores(item.model, representative))
        content = quantize.convert(item.model, representative, floor)
        _LOGGER.info("%s: verifying on %d glyphs", which, len(truth))
        in_float.append(scores(item.model, glyphs))
        if not np.isfinite(in_float[-1]).all():
            raise Refused(f"{item.architecture}: its logits are no numbers; nothing was written")
        converted.append(device_logits(content, glyphs))
        comparisons.append(compare(in_float[-1], converted[-1], truth, labels))
        if not settings.force:
            refuse_poor(comparisons[-1], item.architecture)
        _refuse(comparisons[-1], item.architecture)
        limit = settings.escalate_below[index] if index < len(settings.escalate_below) else None
        stages.append(_stage(item, index, labels, settings, fit(converted[-1], truth, sizes, same), limit))
        networks.append(content)
    manifest = Manifest(
        schema=SCHEMA,
        name=settings.name,
        created="",
        preprocess=VERSION,
        stages=tuple(stages),
        combine=settings.combine,  # type: ignore[arg-type]  # argparse offers only the two
        confusables=confusables,
        training={
            "runs": [
                {**run, "stage": index + 1}
                for index, item in enumerate(trained)
                for run in history(item.record)
            ]
        },
    )
    reject = stages[0].reject
    before, _ = in_sequence(manifest, len(truth), lambda stage, rows: in_float[stage][rows])
    after, ran = in_sequence(manifest, len(truth), lambda stage, rows: converted[stage][rows])
    whole = compare(before, after, truth, labels)
    _refuse(whole, "the stages in sequence")
    ends = np.cumsum(sizes)[:-1]
    sources = [
        metrics.Source(dataset.name, found, dataset.label_array())
        for dataset, found in zip(held_out, np.split(after, ends), strict=True)
    ]
    # Every source counts equally, however many glyphs it has.
    reached = [
        float(np.mean([(part > index).mean() for part in np.split(ran, ends)]))
        for index in range(len(stages))
    ]
    measured = {
        "conversion": whole.as_dict(),
        "stages": [
            {**comparison.as_dict(), "reached": round(share, 5)}
            for comparison, share in zip(comparisons, reached, strict=True)
        ],
        "mean_macs": round(sum(share * stage.macs for share, stage in zip(reached, stages, strict=True))),
        "machine": machine(),
        **metrics.validation(sources, labels, reject),
    }
    manifest = msgspec.structs.replace(manifest, metrics=measured)
    panels = metrics.panels(sources, reject)
    return write(out, manifest, networks, glyphs, panels), comparisons


def check_thresholds(stages: int, thresholds: Sequence[float]) -> None:
    """Refuse thresholds that do not fit the stages.

    Raises:
        ConfigError: There are too many or too few, or one is no confidence.
    """
    if len(thresholds) != stages - 1:
        raise ConfigError(
            f"{stages} {'stages need' if stages > 1 else 'stage needs'} {stages - 1} --escalate-below, found"
            f" {len(thresholds)}: give it once for each stage but the last, in the order they run"
        )
    for threshold in thresholds:
        if not 0 < threshold <= 1:
            raise ConfigError(f"--escalate-below {threshold:g}: expected a confidence above 0 and at most 1")


def _refuse(comparison: Comparison, name: str) -> None:
    if reasons := comparison.refusals():
        raise Refused(f"{name}: {'; '.join(reasons)}; nothing was written")


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


def machine() -> str:
    """Where numbers were measured: processor architecture and Python; never a host's name."""
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}"


def _stage(
    item: Trained,
    index: int,
    labels: Sequence[str],
    settings: Settings,
    temperatures: tuple[float, float | None],
    limit: float | None,
) -> Stage:
    temperature, twin_temperature = temperatures
    return Stage(
        kind="character",
        file=f"{index + 1}-{item.architecture}.tflite",
        sha256="",
        architecture=item.architecture,
        parameters=item.model.count_params(),
        macs=macs(item.model),
        quantization="int8" if settings.quantized else "float32",
        labels=tuple(labels),
        inputs={name: shape[1:] for name, shape in input_shapes(item.model).items()},  # type: ignore[misc]  # never None after the batch
        reject=labels.index(REJECT) if REJECT in labels else None,
        temperature=round(temperature, 4),
        twin_temperature=None if twin_temperature is None else round(twin_temperature, 4),
        escalate_below=limit,
    )
