"""Measures bundles in turns: characters and frames, for each number of threads."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocr_edge.bench import picture
from ocr_edge.bundles import load as bundles
from ocr_edge.bundles import selftest
from ocr_edge.bundles.load import Bundle, LineTest, SelfTest
from ocr_edge.contract.preprocess import preprocess
from ocr_edge.contract.types import Glyph, Image
from ocr_edge.pipeline import Pipeline
from ocr_edge.recognize.characters import Recognizer
from ocr_edge.recognize.interpreter import Network
from ocr_edge.recognize.lines import LineRecognizer

MIN_ROUNDS = 3
PASSES = 5
"""Times that the characters are measured for each frame, which takes much longer."""
CROPS = 48
LIMIT_S = 30.0
"""Seconds that a frame may take, as for ``ocr-edge read``."""
NEAR = 1.05
"""A number of threads is as good as the fastest up to this many times its time."""


class Timed(Network):
    """A network that counts its runs and their time."""

    def __init__(self, network: Network) -> None:
        self.__dict__ = dict(network.__dict__)
        self.runs, self.seconds = 0, 0.0

    def run(self, inputs: dict[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """The network's ``run``."""
        started = time.perf_counter()
        try:
            return super().run(inputs)
        finally:
            self.seconds += time.perf_counter() - started
            self.runs += 1


@dataclass(slots=True)
class Cell:
    """One bundle with one number of threads, and what was measured of it: one value a pass or frame.

    Attributes:
        name: What the user calls the bundle.
        threads: CPU threads of OpenCV and of the interpreter.
        bundle: Loaded for them.
        test: Its self-test.
        pipeline: Reads frames.
        recognizer: Names the self-test's glyphs; None where the bundle has no stage for them.
        reader: Reads the self-test's strips; None where the bundle has no stage for them.
        stages: The networks of ``recognizer``.
        prepare_ms: Milliseconds to preprocess a character, mean of the picture's crops.
        network_ms: Milliseconds to name a preprocessed character, mean of the self-test's glyphs.
        line_ms: Milliseconds to read a strip, mean of the self-test's.
        frame_ms: Milliseconds to read the picture.
        characters: How many characters were read in it.
    """

    name: str
    threads: int
    bundle: Bundle
    test: SelfTest
    pipeline: Pipeline
    recognizer: Recognizer | None
    reader: LineRecognizer | None
    stages: tuple[Timed, ...]
    prepare_ms: list[float] = field(default_factory=list)
    network_ms: list[float] = field(default_factory=list)
    line_ms: list[float] = field(default_factory=list)
    frame_ms: list[float] = field(default_factory=list)
    characters: int = 0


def open_cells(paths: Mapping[str, Path], threads: Sequence[int]) -> list[Cell]:
    """Load every bundle for every number of threads, and prove that it works here.

    Raises:
        ModelError: A bundle is wrong or fails its self-test.
    """
    cells = []
    for count in threads:
        for name, path in paths.items():
            bundle = bundles.load(path, count)
            selftest.prove(bundle)
            stages = tuple(Timed(network) for network in bundle.networks)
            recognizer = Recognizer(replace(bundle, networks=stages)) if stages else None
            reader = LineRecognizer(bundle) if bundle.lines else None
            pipeline, test = Pipeline(bundle, limit_s=LIMIT_S), bundles.self_test(bundle)
            cells.append(Cell(name, count, bundle, test, pipeline, recognizer, reader, stages))
    return cells


def run(
    cells: Sequence[Cell], name: str, image: Image, seconds: float, tell: Callable[[float], None]
) -> None:
    """Measure cells round by round, each round in the reverse order of the one before.

    Args:
        cells: What to measure; filled.
        name: The picture's.
        image: uint8 RGB, shape ``(H, W, 3)``.
        seconds: How long to measure each cell; every cell has at least ``MIN_ROUNDS`` rounds.
        tell: Called with the share that is done.

    Raises:
        CaptureError: Nothing in the picture looks like a character.
    """
    crops = picture.glyphs(name, image, CROPS)
    order = list(cells)
    before = cv2.getNumThreads()
    try:
        for cell in cells:  # memory is touched and caches are filled
            _round(cell, crops, image)
            cell.prepare_ms, cell.network_ms, cell.line_ms, cell.frame_ms = [], [], [], []
            for stage in cell.stages:
                stage.runs, stage.seconds = 0, 0.0
        started, rounds, total = time.perf_counter(), 0, seconds * len(cells)
        while rounds < MIN_ROUNDS or time.perf_counter() - started < total:
            for place, cell in enumerate(order):
                _round(cell, crops, image)
                by_rounds = (rounds + (place + 1) / len(cells)) / MIN_ROUNDS
                tell(min(1.0, by_rounds, (time.perf_counter() - started) / total))
            order.reverse()
            rounds += 1
    finally:
        cv2.setNumThreads(before)


def best_threads(cells: Sequence[Cell]) -> int:
    """The fewest threads whose frames take at most ``NEAR`` times as long as the fastest.

    Frames of the same round are compared: what slows a machine down for a while slows them all.

    Args:
        cells: Those of one bundle, measured.
    """
    first = np.array(cells[0].frame_ms)
    ratios = {cell.threads: float(np.median(np.array(cell.frame_ms) / first)) for cell in cells}
    return min(threads for threads, ratio in ratios.items() if ratio <= NEAR * min(ratios.values()))


def _round(cell: Cell, crops: Sequence[Glyph], image: Image) -> None:
    cv2.setNumThreads(cell.threads)
    for _ in range(PASSES):
        if cell.recognizer:
            _name(cell, cell.recognizer, crops)
        if cell.reader and cell.test.lines:
            _read(cell, cell.reader, cell.test.lines)
    started = time.perf_counter()
    reading = cell.pipeline.read(image)
    cell.frame_ms.append(1000 * (time.perf_counter() - started))
    cell.characters = sum(len(line.characters) for line in reading.lines)


def _name(cell: Cell, recognizer: Recognizer, crops: Sequence[Glyph]) -> None:
    height, width, _ = cell.bundle.manifest.characters[0].inputs["rgb"]
    rgb, binary = list(cell.test.inputs["rgb"]), list(cell.test.inputs["binary"])
    started = time.perf_counter()
    for crop in crops:
        preprocess(crop, (height, width))
    prepared = time.perf_counter()
    recognizer.recognize_inputs(rgb, binary)
    cell.network_ms.append(1000 * (time.perf_counter() - prepared) / len(rgb))
    cell.prepare_ms.append(1000 * (prepared - started) / len(crops))


def _read(cell: Cell, reader: LineRecognizer, test: LineTest) -> None:
    started = time.perf_counter()
    for rgb, binary, width in zip(test.rgb, test.binary, test.widths.tolist(), strict=True):
        reader.recognize_strip(rgb[:, :width], binary[:, :width])
    cell.line_ms.append(1000 * (time.perf_counter() - started) / len(test.texts))
