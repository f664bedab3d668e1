"""Converts a line stage: one int8 network for all widths, calibrated, verified with the device's own code."""

import logging
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from ocr_convert import quantize
from ocr_convert.fold import fold_line, line_macs
from ocr_convert.line_calibration import fit_confidence, fit_temperature, kept_promises
from ocr_convert.trained import Converted, Refused, Trained
from ocr_edge.contract.preprocess import LINE_HEIGHT, fill, strip
from ocr_edge.contract.quantize import log_softmax
from ocr_edge.contract.stage import Stage
from ocr_edge.contract.types import Box, Image, Scores
from ocr_edge.decode.line_decoder import LineDecoder
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.cuts import pieces
from ocr_edge.recognize.interpreter import Network, Widths
from ocr_edge.recognize.lines import joined, strip_logits
from ocr_train.datasets.words import LineSet
from ocr_train.strips import evaluate
from ocr_train.strips.targets import greedy

_LOGGER = logging.getLogger(__name__)
CALIBRATION_WIDTH = 128
"""Columns of the strips that calibrate: those of a word."""
CALIBRATION_STRIPS = 600
"""Representative strips: twice as many changed no range by more than a step."""
MAX_LOSS = 0.005
"""Most of the characters, a share of 1, that int8 may get wrong beyond the float network."""
FLOOR = 14.0
"""Nats below a step's best logit under which logits are cut off: nothing reads them, and steps become finer."""

Logits = list[Scores]
"""Of each line, float32 ``(T, labels + 1)``."""


def convert(trained: Trained, calibration: Sequence[LineSet], held_out: Sequence[LineSet]) -> Converted:
    """Convert, calibrate and verify a line stage.

    Args:
        trained: The network and its record.
        calibration: Lines that representative strips are drawn from.
        held_out: Lines never trained on: they fit temperature and confidence, compare and are reported.

    Returns:
        The stage, ready to be put into a bundle.

    Raises:
        Refused: Int8 reads worse by more than ``MAX_LOSS``, or the network says what is no number.
        ConfigError: There are no lines of either kind, or the network cannot be converted.
    """
    labels = tuple(trained.record["labels"][:-1])
    widths = tuple(sorted(int(width) for width in trained.record["recipe"]["widths"]))
    images = [sample.image for lines in held_out for sample in lines.samples]
    if not images:
        raise ConfigError("no line to verify with")
    representative = strips(calibration, CALIBRATION_STRIPS)
    in_float = float_logits(trained.model, images, widths)
    if not all(np.isfinite(scores).all() for scores in in_float):
        raise Refused(f"{trained.architecture}: its logits are no numbers; nothing was written")
    floor = _floor(trained.model, representative)
    _LOGGER.info("converting %s", trained.architecture)
    content = quantize.convert_folded(fold_line(trained.model, CALIBRATION_WIDTH, floor), representative)
    _LOGGER.info("verifying on %d lines", len(images))
    converted = device_logits(content, images, widths)
    before = results(held_out, in_float, (*labels, ""))
    after = results(held_out, converted, (*labels, ""))
    loss = pooled(after) - pooled(before)
    if not loss <= MAX_LOSS:  # nor where it is no number
        raise Refused(
            f"{trained.architecture}: int8 gets {100 * pooled(after):.2f} % of the characters wrong, float"
            f" {100 * pooled(before):.2f} %: at most {100 * MAX_LOSS:g} points may be lost; nothing was written"
        )
    temperature = fit_temperature(converted, held_out, labels)
    chances, right = judged(held_out, converted, labels, temperature)
    slope, offset = fit_confidence(chances, right)
    stage = Stage(
        kind="line",
        file=f"line-{trained.architecture}.tflite",
        sha256="",
        architecture=trained.architecture,
        parameters=trained.model.count_params(),
        macs=line_macs(trained.model, CALIBRATION_WIDTH),
        quantization="int8",
        labels=labels,
        inputs={"rgb": (LINE_HEIGHT, 0, 3), "binary": (LINE_HEIGHT, 0, 1)},
        widths=widths,
        blank=len(labels),
        temperature=round(temperature, 4),
        line_calibration=(round(slope, 4), round(offset, 4)),
    )
    said = [greedy(row, (*labels, "")) for row in in_float]
    said_after = [greedy(row, (*labels, "")) for row in converted]
    measured = {
        "n": len(images),
        "step": round(output_step(content), 5),
        "float_cer": round(pooled(before), 5),
        "converted_cer": round(pooled(after), 5),
        "agreement": round(float(np.mean([a == b for a, b in zip(said, said_after, strict=True)])), 5),
        "sources": [
            {**result.as_dict(), "float_exact": round(reference.exact, 5)}
            for result, reference in zip(after, before, strict=True)
        ],
        "promises": kept_promises(chances, right, (slope, offset)),
    }
    return Converted(stage, content, measured)


def strips(sets: Sequence[LineSet], count: int, seed: int = 1) -> dict[str, Image]:
    """Representative strips, the same number from each set: pieces and wholes of its lines, one width.

    Args:
        sets: Lines to draw from.
        count: How many in all, about.
        seed: Start of the choice.

    Returns:
        ``rgb`` uint8 (N, 32, 128, 3) and ``binary`` uint8 (N, 32, 128, 1).

    Raises:
        ConfigError: There are no lines.
    """
    full = [lines for lines in sets if lines.samples]
    if not full:
        raise ConfigError("no line to calibrate with")
    rng = np.random.default_rng(seed)
    rows = []
    for lines in full:
        for row in rng.permutation(len(lines.samples))[: -(-count // len(full))].tolist():
            rgb, binary = strip(lines.samples[row].image)
            left = int(rng.integers(0, max(1, rgb.shape[1] - CALIBRATION_WIDTH + 1)))
            seen = slice(left, left + CALIBRATION_WIDTH)
            rows.append(fill(rgb[:, seen], binary[:, seen], CALIBRATION_WIDTH))
    # Some that reach the ends of the range, so that inputs quantize to exactly (1.0, -128).
    rows.append((np.full_like(rows[0][0], 255), np.full_like(rows[0][1], 255)))
    rows.append((np.zeros_like(rows[0][0]), np.zeros_like(rows[0][1])))
    return {"rgb": np.stack([rgb for rgb, _ in rows]), "binary": np.stack([binary for _, binary in rows])}


def output_step(content: bytes) -> float:
    """Difference between neighbouring values of a converted network's output, in nats."""
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(content)
        file.flush()
        found = Network(Path(file.name)).output
    assert found is not None
    return found.scale


def device_logits(content: bytes, images: Sequence[Image], widths: Sequence[int]) -> Logits:
    """Each line's logits, computed as the device computes them: too wide strips are cut."""
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(content)
        file.flush()
        networks = Widths(Path(file.name), tuple(widths))
        return [strip_logits(networks, *strip(image)) for image in images]


def float_logits(model: keras.Model, images: Sequence[Image], widths: Sequence[int]) -> Logits:
    """The same of the float network, on the same pieces of the same strips."""
    made = [strip(image) for image in images]
    cuts = [pieces(binary, widths[-1]) for _, binary in made]
    seen = [piece.of(*one) for one, cut in zip(made, cuts, strict=True) for piece in cut]
    by_row = dict(evaluate.logits_of_strips(model, seen, widths))
    rows = iter([by_row[row] for row in range(len(seen))])
    return [joined(cut, list(islice(rows, len(cut)))) for cut in cuts]


def results(sets: Sequence[LineSet], logits: Logits, labels: Sequence[str]) -> list[evaluate.LineResult]:
    """Exact lines and character errors of each set, by the best path."""
    said = iter([greedy(row, labels) for row in logits])
    return [evaluate.compare(lines, [next(said) for _ in lines.samples]) for lines in sets]


def pooled(measured: Sequence[evaluate.LineResult]) -> float:
    """Mean character error rate of the sets, each counting as one."""
    return float(np.mean([result.cer for result in measured]))


def judged(
    sets: Sequence[LineSet], logits: Logits, labels: Sequence[str], temperature: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Log-probability of what the device says of each line, and whether it is right."""
    decoder = LineDecoder(labels)
    rows = iter(logits)
    chances, right = [], []
    for lines in sets:
        for sample in lines.samples:
            found = decoder.decode(log_softmax(next(rows), temperature), to_box=_anywhere)
            if found is None:
                continue
            truth, said = (evaluate.comparable(text, lines) for text in (sample.text, found.line.text))
            chances.append(found.log_probability)
            right.append(truth == said)
    return np.array(chances), np.array(right, bool)


def _anywhere(first: int, end: int) -> Box:
    """A box for whom boxes do not matter."""
    return Box(first, 0, max(1, end - first), 1)


def _floor(model: keras.Model, representative: dict[str, Image]) -> float:
    """A level that logits worth reading lie above: some nats below the weakest best logit of a step."""
    logits = np.asarray(model.predict(representative, batch_size=64, verbose=0), np.float32)
    return float(np.quantile(logits.max(axis=2), 0.01)) - FLOOR
