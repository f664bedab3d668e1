"""Networks to compare, each as a bundle.

A network is named by a shipped bundle (``original``), a bundle's folder, a ``.tflite`` or a ``.keras`` file, each with
a name of its own in front where the path has none (``rgb alone=runs/rgb/model.keras``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.systems.ours import about_runtime
from ocr_edge.bundles.builtin import named, said
from ocr_edge.bundles.load import Bundle, load
from ocr_edge.contract.files import sha256
from ocr_edge.contract.labels import DEFAULT, REJECT
from ocr_edge.contract.manifest import SCHEMA, Manifest
from ocr_edge.contract.preprocess import VERSION
from ocr_edge.contract.stage import Stage
from ocr_edge.contract.types import Image, Scores
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.characters import Recognizer
from ocr_edge.recognize.interpreter import Network

ALPHABETS = {len(DEFAULT): DEFAULT, len(DEFAULT) + 1: (*DEFAULT, REJECT)}
"""Labels of a file that names none, by how many outputs it has."""

Scorer = Callable[[dict[str, Image]], Scores]
"""What names preprocessed glyphs, given by input name."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A network to compare.

    Attributes:
        name: What tables and pictures call it.
        bundle: It, ready to run on one thread.
    """

    name: str
    bundle: Bundle

    @property
    def kind(self) -> str:
        """Its architectures and how they are quantized."""
        stages = self.bundle.manifest.characters
        return ", ".join(f"{stage.architecture} {stage.quantization}" for stage in stages)

    def facts(self) -> dict[str, Any]:
        """What is known without running it; None for what its file does not say."""
        stages = self.bundle.manifest.characters
        return {
            "name": self.name,
            "kind": self.kind,
            "parameters": sum(stage.parameters for stage in stages) or None,
            "macs": sum(stage.macs for stage in stages) or None,
            "bytes": sum((self.bundle.path / stage.file).stat().st_size for stage in stages),
        }


def open_all(texts: Sequence[str], scratch: Path) -> list[Model]:
    """Open networks.

    Args:
        texts: ``[NAME=]PATH``, or the name of a shipped bundle.
        scratch: Folder for what ``.keras`` files are turned into.

    Returns:
        One a text, in the same order.

    Raises:
        ConfigError: A file cannot be used, or two have the same name.
        ModelError: A bundle or a file is damaged.
    """
    models: list[Model] = []
    for text in texts:
        name, equals, rest = text.rpartition("=")
        path = named(Path(rest))
        name = name if equals else named_after(path)
        if any(model.name == name for model in models):
            raise ConfigError(f"{text}: another network is called {name!r} too; write NAME={rest}")
        models.append(Model(name, opened(path, scratch / f"{len(models)}.tflite")))
    return models


def named_after(path: Path) -> str:
    """A network's name: its file's or folder's, or that of the run it lies in."""
    names_nothing = path.name in ("bundle", "model.keras")
    return path.absolute().parent.name if names_nothing else path.stem if path.is_file() else path.name


def opened(path: Path, scratch: Path) -> Bundle:
    """A network as a bundle; what its file does not say is zero, its temperature 1.

    Args:
        path: A bundle's folder, a ``.tflite`` or a ``.keras`` file.
        scratch: File to write where ``path`` is a ``.keras`` file: the network as float32 ``.tflite``.

    Raises:
        ConfigError: It is none of these, or its labels are not known.
        ModelError: It is damaged.
    """
    if path.is_dir():
        return load(path)
    if path.suffix == ".tflite":
        return wrapped(path, path.stem)
    if path.suffix != ".keras":
        raise ConfigError(f"{path}: expected a bundle's folder, a .tflite or a .keras file; {said()}")
    from ocr_train.commands.common import load_keras

    load_keras()  # first: it keeps TensorFlow quiet
    from ocr_convert import fold, quantize, trained

    found = trained.load(path)
    scratch.write_bytes(quantize.convert(found.model, None))
    labels = found.record.get("labels", ())
    sizes = {"parameters": found.model.count_params(), "macs": fold.macs(found.model)}
    return wrapped(scratch, found.model.name, tuple(labels), **sizes)


def wrapped(path: Path, architecture: str, labels: tuple[str, ...] = (), **sizes: int) -> Bundle:
    """A lone ``.tflite`` file as a bundle."""
    network = Network(path)
    labels = labels or ALPHABETS.get(network.labels, ())
    if len(labels) != network.labels:
        raise ConfigError(
            f"{path}: has {network.labels} outputs; without a bundle or a run.json that names them,"
            f" {' or '.join(str(count) for count in ALPHABETS)} are known"
        )
    inputs: Any = {name: shape for name, (shape, _) in network.inputs.items()}
    stage = Stage(
        kind="character",
        file=path.name,
        sha256=sha256(path),
        architecture=architecture,
        quantization="int8" if network.output else "float32",
        labels=labels,
        inputs=inputs,
        reject=labels.index(REJECT) if REJECT in labels else None,
        **{"parameters": 0, "macs": 0, **sizes},
    )
    manifest = Manifest(
        schema=SCHEMA,
        name=path.stem,
        created="",
        preprocess=VERSION,
        stages=(stage,),
    )
    return Bundle(path.parent, manifest, (network,))


def about(opened: Sequence[Model]) -> dict[str, dict[str, str]]:
    """What networks are and what runs them, for the head of a table."""
    rows = {}
    for model in opened:
        manifest = model.bundle.manifest
        digests = ", ".join(stage.sha256[:12] for stage in manifest.stages)
        made = {"made": manifest.created} if manifest.created else {}
        rows[model.name] = {"network": model.kind, **made, "sha256": digests}
    return rows | {"versions": about_runtime(opened[0].bundle.runtime)}


def columns(model: Model, texts: Sequence[str]) -> list[int]:
    """Which of the texts that a network may say are these, in their order.

    Raises:
        ConfigError: It cannot say one of them.
    """
    known = model.bundle.manifest.characters[0].texts
    if missing := [text for text in texts if text not in known]:
        raise ConfigError(f"{model.name}: cannot say {missing[0]!r}, which the others are measured on")
    return [known.index(text) for text in texts]


def device(bundle: Bundle) -> Scorer:
    """The recogniser of the device."""
    recognizer = Recognizer(bundle)
    return lambda inputs: recognizer.recognize_inputs(list(inputs["rgb"]), list(inputs["binary"]))
