"""A bundle on disk: checked whole before anything uses it."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.manifest import Manifest
from ocr_edge.contract.preprocess import VERSION
from ocr_edge.contract.quantize import INPUT_SCALE, INPUT_ZERO_POINT
from ocr_edge.contract.types import Image
from ocr_edge.errors import ModelError
from ocr_edge.interpreter import Network
from ocr_edge.shipping import SHIPPED, named, said, shipped, shipped_names

__all__ = ["SHIPPED", "Bundle", "SelfTest", "load", "named", "self_test", "shipped", "shipped_names"]


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A loaded bundle.

    Attributes:
        path: Its folder.
        manifest: What it says about itself.
        networks: One for each stage, in order.
    """

    path: Path
    manifest: Manifest
    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SelfTest:
    """Glyphs that travel in a bundle, with the labels it must give them.

    Attributes:
        inputs: ``rgb`` uint8 (N, H, W, 3) and ``binary`` uint8 (N, H, W, 1), preprocessed.
        labels: int64, shape ``(N,)``.
    """

    inputs: dict[str, Image]
    labels: npt.NDArray[np.int64]


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
    if not path.is_dir():
        raise ModelError(f"bundle {path}: no such folder; {said()}")
    try:
        manifest = manifests.decode((path / manifests.FILE_NAME).read_bytes())
    except OSError as error:
        raise ModelError(f"bundle {path}: {manifests.FILE_NAME}: {error.strerror}") from error
    except manifests.ManifestError as error:
        raise ModelError(f"bundle {path}: {manifests.FILE_NAME}: {error}") from error
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
    networks = tuple(Network(path / stage.file, threads) for stage in manifest.stages)
    for stage, network in zip(manifest.stages, networks, strict=True):
        _check_tensors(path / stage.file, manifest, network, quantized=stage.quantization == "int8")
    return Bundle(path, manifest, networks)


def self_test(bundle: Bundle) -> SelfTest:
    """The bundle's own test glyphs.

    Raises:
        ModelError: There are none, or they cannot be read.
    """
    path = bundle.path / manifests.SELFTEST_NAME
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return SelfTest({"rgb": arrays["rgb"], "binary": arrays["binary"]}, arrays["labels"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error


def _check_hash(path: Path, name: str, expected: str) -> None:
    try:
        found = manifests.sha256(path / name)
    except OSError as error:
        raise ModelError(f"bundle {path}: {name}: {error.strerror}") from error
    if found != expected:
        raise ModelError(
            f"bundle {path}: {name} is damaged: SHA-256 {found[:12]}…, the manifest says {expected[:12]}…"
        )


def _check_tensors(path: Path, manifest: Manifest, network: Network, *, quantized: bool) -> None:
    if network.labels != len(manifest.labels):
        raise ModelError(
            f"{path}: has {network.labels} outputs, the manifest names {len(manifest.labels)} labels"
        )
    for name, shape in manifest.inputs.items():
        found, dtype = network.inputs[name]
        if found != shape:
            raise ModelError(f"{path}: input {name} is {found}, the manifest says {shape}")
        if dtype != (np.int8 if quantized else np.float32):
            raise ModelError(
                f"{path}: input {name} is {dtype}, the manifest says {'int8' if quantized else 'float32'}"
            )
        if quantized and network.input_quantization[name] != (INPUT_SCALE, INPUT_ZERO_POINT):
            raise ModelError(
                f"{path}: input {name} has quantization {network.input_quantization[name]},"
                f" expected ({INPUT_SCALE}, {INPUT_ZERO_POINT})"
            )
