"""A bundle on disk: checked whole before anything uses it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ocr_edge.bundles import npz, shelf, untrusted
from ocr_edge.bundles.builtin import SHIPPED, named, said, shipped, shipped_names
from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.files import MANIFEST_NAME, MAX_FILE, MAX_MANIFEST, SELFTEST_NAME, digest
from ocr_edge.contract.manifest import Manifest
from ocr_edge.contract.preprocess import LINE_HEIGHT, STEP, VERSION
from ocr_edge.contract.quantize import INPUT_SCALE, INPUT_ZERO_POINT
from ocr_edge.contract.stage import Stage
from ocr_edge.contract.types import Image
from ocr_edge.detect.quads import CELL
from ocr_edge.errors import ModelError
from ocr_edge.recognize.bundle import Bundle
from ocr_edge.recognize.interpreter import Network, Sides, Widths

__all__ = [
    "SHIPPED",
    "Bundle",
    "LineTest",
    "SelfTest",
    "all_labels",
    "described",
    "load",
    "named",
    "self_test",
    "shipped",
    "shipped_names",
]

MAX_SELFTEST = 2**26
"""Largest self-test, unpacked: 28,000 glyphs of 28x28."""
MAX_STEP = 0.5
"""Largest step of an int8 line stage's logits, in nats; a good one has 0.15, and ties come with coarser ones."""


@dataclass(frozen=True, slots=True, eq=False)
class LineTest:
    """Strips that travel in a bundle, with the texts that the greedy path must read.

    Attributes:
        rgb: uint8, shape ``(N, 32, W, 3)``.
        binary: uint8, shape ``(N, 32, W, 1)``.
        widths: Own width of each strip, int64, shape ``(N,)``; what lies beyond is not looked at.
        texts: One a strip.
    """

    rgb: Image
    binary: Image
    widths: npt.NDArray[np.int64]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SceneTest:
    """Pictures that travel in a bundle, with the cells in which its detector must see text.

    Attributes:
        rgb: uint8, shape ``(N, H, W, 3)``.
        text: bool, shape ``(N, H / CELL, W / CELL)``.
    """

    rgb: Image
    text: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class SelfTest:
    """Glyphs and strips that travel in a bundle, with what it must make of them.

    Attributes:
        inputs: ``rgb`` uint8 (N, H, W, 3) and ``binary`` uint8 (N, H, W, 1), preprocessed; empty without glyphs.
        labels: int64, shape ``(N,)``: indices of the labels that may be said; N is 0 without glyphs.
        lines: Strips; None where the bundle has no stage that reads them.
        scenes: Pictures; None where the bundle has no stage that finds lines.
    """

    inputs: dict[str, Image] = field(default_factory=dict)
    labels: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    lines: LineTest | None = None
    scenes: SceneTest | None = None

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What ``selftest.npz`` holds, without the labels that it was made for."""
        found: dict[str, npt.NDArray[Any]] = {**self.inputs, "labels": self.labels} if self.inputs else {}
        if lines := self.lines:
            found |= {"line_rgb": lines.rgb, "line_binary": lines.binary, "line_widths": lines.widths}
            found["line_texts"] = np.array(lines.texts, np.str_)
        if scenes := self.scenes:
            found |= {"scene_rgb": scenes.rgb, "scene_text": scenes.text}
        return found


def load(path: Path | None = None, threads: int = 1) -> Bundle:
    """Load a bundle and check that its files, labels, preprocessing and tensors are what its manifest says.

    Args:
        path: The bundle's folder, or the name of one that ships; None for the shipped default.
        threads: CPU threads of each interpreter.

    Returns:
        The bundle, ready to run.

    Raises:
        ModelError: Something is missing, damaged or made for another version.
    """
    path = shipped() if path is None else named(path)
    manifest = described(path)
    networks = tuple(Network(path / stage.file, threads) for stage in manifest.characters)
    for stage, network in zip(manifest.characters, networks, strict=True):
        _check_tensors(path / stage.file, stage, network, stage.inputs, (stage.outputs,))
    lines = tuple(Widths(path / stage.file, stage.widths, threads) for stage in manifest.lines)
    for stage, widths in zip(manifest.lines, lines, strict=True):
        # The widest too: a network that cannot be that wide shall not be found out in the middle of a picture.
        for columns in (1, stage.widths[-1]):
            _check_line(path / stage.file, stage, *widths.holding(columns))
    detectors = tuple(Sides(path / stage.file, stage.sides, threads) for stage in manifest.detectors)
    for stage, found in zip(manifest.detectors, detectors, strict=True):
        _check_detector(path / stage.file, stage, *found.holding(1, 1))
    return Bundle(path, manifest, networks, lines, detectors)


def described(path: Path) -> Manifest:
    """The manifest of a bundle whose files are all there and whole; no network is touched.

    Args:
        path: The bundle's folder.

    Raises:
        ModelError: Something is missing, damaged or made for another version.
    """
    if not path.is_dir():
        what = "is a file, expected a folder" if path.exists() else "no such folder"
        raise ModelError(f"bundle {path}: {what}; {said()}")
    try:
        text = untrusted.content(path / MANIFEST_NAME, MAX_MANIFEST)
        manifest = manifests.decode(text)
    except FileNotFoundError as error:
        raise ModelError(
            f"bundle {path}: is no bundle, {MANIFEST_NAME} is missing in it; {said()}"
        ) from error
    except OSError as error:
        raise ModelError(f"bundle {path}: {MANIFEST_NAME}: {error.strerror}") from error
    except manifests.ManifestError as error:
        raise ModelError(f"bundle {path}: {MANIFEST_NAME}: {error}") from error
    if why := shelf.altered(path, text):
        raise ModelError(f"bundle {path}: {MANIFEST_NAME} {why}")
    if manifest.preprocess != VERSION:
        raise ModelError(
            f"bundle {path}: was trained with preprocessing {manifest.preprocess!r}, this program has {VERSION!r};"
            " install a bundle made for this version, or convert the model again"
        )
    for name, expected in {
        **manifest.files,
        **{stage.file: stage.sha256 for stage in manifest.stages},
    }.items():
        _check_hash(path, name, expected)
    return manifest


def self_test(bundle: Bundle) -> SelfTest:
    """The bundle's own test glyphs and strips: those of the stages that it has.

    Raises:
        ModelError: There are none, or they cannot be read, or they were made for other labels than the manifest's.
    """
    path = bundle.path / SELFTEST_NAME
    try:
        arrays = npz.load(path, MAX_SELFTEST)
    except FileNotFoundError as error:
        raise ModelError(
            f"{path}: a bundle without a self-test is not used; convert the model again"
        ) from error
    try:
        for stage in bundle.manifest.stages:
            _check_labels(stage, arrays)
        test = SelfTest()
        if bundle.manifest.characters:
            test = SelfTest({"rgb": arrays["rgb"], "binary": arrays["binary"]}, arrays["labels"])
        if bundle.manifest.detectors:
            test = replace(test, scenes=SceneTest(arrays["scene_rgb"], arrays["scene_text"]))
        if not bundle.manifest.lines:
            return test
        rgb, binary, widths = (arrays[f"line_{name}"] for name in ("rgb", "binary", "widths"))
        texts = _texts(arrays, "line_texts")
        return replace(test, lines=LineTest(rgb, binary, widths, texts))
    except KeyError as error:
        raise ModelError(f"{path}: has no array {error}") from error
    except ValueError as error:
        raise ModelError(f"{path}: {error}") from error


def all_labels(manifest: Manifest) -> dict[str, npt.NDArray[np.str_]]:
    """The arrays of a self-test that say which labels it was made for: a manifest that names others is wrong."""
    return {_LABELS[stage.kind]: np.array(stage.labels) for stage in manifest.stages if stage.labels}


_LABELS = {"character": "all_labels", "line": "line_all_labels"}


def _check_labels(stage: Stage, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    name = _LABELS.get(stage.kind, "")
    if name not in arrays:  # older bundles do not say; a detector has none
        return
    made_for = _texts(arrays, name)
    if made_for != stage.labels:
        at = next((i for i, (a, b) in enumerate(zip(made_for, stage.labels, strict=False)) if a != b), None)
        differ = (
            f"{len(stage.labels)} labels, the self-test was made for {len(made_for)}"
            if at is None
            else f"label {at} is {stage.labels[at]!r}, the self-test was made for {made_for[at]!r}"
        )
        raise ValueError(
            f"the manifest's labels were changed: {stage.file}: {differ}; convert the model again"
        )


def _texts(arrays: Mapping[str, npt.NDArray[Any]], name: str) -> tuple[str, ...]:
    """An array of texts as a tuple of them."""
    found = arrays[name]
    if found.ndim != 1 or found.dtype.kind != "U":
        raise ValueError(f"{name}: expected a row of texts")
    return tuple(found.tolist())


def _check_hash(path: Path, name: str, expected: str) -> None:
    try:
        with untrusted.regular(path / name, MAX_FILE) as file:
            # Files of /proc have no bytes, and may never come to an end.
            if not os.fstat(file.fileno()).st_size:
                raise untrusted.StrangeError("is empty")
            found = digest(file)
    except OSError as error:
        raise ModelError(f"bundle {path}: {name}: {error.strerror}") from error
    if found != expected:
        raise ModelError(
            f"bundle {path}: {name} is damaged: SHA-256 {found[:12]}…, the manifest says {expected[:12]}…"
        )


def _check_line(path: Path, stage: Stage, width: int, network: Network) -> None:
    for name, channels in (("rgb", 3), ("binary", 1)):
        expected = (LINE_HEIGHT, 0, channels)
        if stage.inputs[name] != expected:
            raise ModelError(
                f"{path}: the manifest says that input {name} is {stage.inputs[name]}, expected {expected}"
            )
    inputs = {name: (height, width, channels) for name, (height, _, channels) in stage.inputs.items()}
    _check_tensors(path, stage, network, inputs, (width // STEP, stage.outputs))
    if network.output is not None and network.output.scale > MAX_STEP:
        raise ModelError(
            f"{path}: its output has steps of {network.output.scale:.2g}, expected at most {MAX_STEP}"
        )


def _check_detector(path: Path, stage: Stage, size: tuple[int, int], network: Network) -> None:
    _check_tensors(path, stage, network, {"rgb": (*size, 3)}, (size[0] // CELL, size[1] // CELL, 1))


def _check_tensors(
    path: Path,
    stage: Stage,
    network: Network,
    inputs: dict[str, tuple[int, int, int]],
    output: tuple[int, ...],
) -> None:
    quantized = stage.quantization == "int8"
    if network.labels != stage.outputs:
        blank = " and a blank" if stage.kind == "line" else ""
        named = f"{len(stage.labels)} labels{blank}" if stage.labels else "a detector, which has one"
        raise ModelError(f"{path}: has {network.labels} outputs, the manifest names {named}")
    # A height of one may be left in front of a line's time.
    if network.shape not in (output, (1, *output)):
        raise ModelError(f"{path}: its output is {network.shape}, expected {output}")
    if (network.output is not None) != quantized:
        raise ModelError(f"{path}: its output is not {stage.quantization}, as the manifest says")
    for name, shape in inputs.items():
        found, dtype = network.inputs[name]
        if found != shape:
            raise ModelError(f"{path}: input {name} is {found}, the manifest says {shape}")
        if dtype != (np.int8 if quantized else np.float32):
            raise ModelError(f"{path}: input {name} is {dtype}, the manifest says {stage.quantization}")
        if quantized and network.input_quantization[name] != (INPUT_SCALE, INPUT_ZERO_POINT):
            raise ModelError(
                f"{path}: input {name} has quantization {network.input_quantization[name]},"
                f" expected ({INPUT_SCALE}, {INPUT_ZERO_POINT})"
            )
