"""Ours, as a whole and as a network alone. Imports wait until one is opened: they are part of its start."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from scoring import NOT_READ
from systems import Picture, imported


@dataclass(slots=True)
class Ours:
    """``ocr_edge``: the pipeline behind ``ocr-edge read``.

    Attributes:
        bundle: The bundle's folder; empty for the shipped one.
        threads: CPU threads of OpenCV and the interpreter.
        pattern: What every line must match; empty for anything.
        limit_s: Seconds for a picture's lines, as the daemon sets them; None for no limit.
    """

    bundle: str = ""
    threads: int = 1
    pattern: str = ""
    limit_s: float | None = None
    about: dict[str, str] = field(default_factory=dict)
    _pipeline: Any = None

    def __post_init__(self) -> None:
        from ocr_edge.decode.patterns import Pattern
        from ocr_edge.pipeline import Pipeline

        loaded = load_bundle(self.bundle, self.threads)
        pattern = Pattern.parse(self.pattern, loaded.manifest.texts) if self.pattern else None
        limit_s = math.inf if self.limit_s is None else self.limit_s
        self._pipeline = Pipeline(loaded, pattern, limit_s=limit_s)
        self.about = about_bundle(loaded)

    def read(self, picture: Picture) -> tuple[str, Mapping[str, float]]:
        """Read a picture."""
        reading = self._pipeline.read(picture.array())
        return reading.text.replace("?", NOT_READ), reading.timing_ms


@dataclass(slots=True)
class Characters:
    """A network alone: the picture is a row of square crops, and every one is named.

    Attributes:
        network: A bundle's folder, or a ``.tflite`` file with inputs of 28x28.
        threads: CPU threads of the interpreter.
    """

    network: str
    threads: int = 1
    about: dict[str, str] = field(default_factory=dict)
    _scores: Any = None

    def __post_init__(self) -> None:
        from ocr_edge.interpreter import Network
        from ocr_edge.recognizer import Recognizer, run

        if self.network.endswith(".tflite"):
            network = Network(Path(self.network), self.threads)
            self._scores = lambda rgb, binary: [run(network, *pair) for pair in zip(rgb, binary, strict=True)]
            self.about = about_runtime(network.runtime)
        else:
            bundle = load_bundle(self.network, self.threads)
            self._scores = Recognizer(bundle).recognize_inputs
            self.about = about_bundle(bundle)

    def read(self, picture: Picture) -> tuple[str, Mapping[str, float]]:
        """Name every crop; the text is their class numbers."""
        from ocr_edge.contract.preprocess import preprocess
        from ocr_edge.contract.types import Glyph

        strip, side = picture.array(), picture.height
        started = perf_counter()
        pairs = [preprocess(Glyph(strip[:, left : left + side])) for left in range(0, picture.width, side)]
        prepared = perf_counter()
        scores = self._scores([rgb for rgb, _ in pairs], [binary for _, binary in pairs])
        ended = perf_counter()
        text = " ".join(str(row.argmax()) for row in scores)
        return text, {"preprocess": 1000 * (prepared - started), "network": 1000 * (ended - prepared)}


def load_bundle(path: str, threads: int) -> Any:
    """A bundle, with OpenCV set to the same number of threads."""
    import ocr_edge.sources  # noqa: F401 - first: it holds settings that OpenCV reads when it is loaded
    from ocr_edge.bundle import load

    imported("cv2").setNumThreads(threads)
    return load(Path(path) if path else None, threads)


def about_bundle(bundle: Any) -> dict[str, str]:
    """What a bundle is and what runs it."""
    stages = ", ".join(f"{stage.architecture} {stage.quantization}" for stage in bundle.manifest.stages)
    digest = bundle.manifest.stages[0].sha256[:12]
    name = f"{bundle.manifest.name} ({stages}, {bundle.manifest.created}, sha256 {digest})"
    return {"bundle": name} | about_runtime(bundle.runtime)


def about_runtime(runtime: str) -> dict[str, str]:
    """Versions of ours and of what it stands on."""
    from ocr_edge import __version__

    packages = {
        "ocr-edge": __version__,
        "numpy": imported("numpy").__version__,
        "opencv": imported("cv2").__version__,
    }
    return packages | {runtime: version(runtime.replace("_", "-"))}
