"""Ours, as a whole and as a network alone. Imports wait until one is opened: they are part of its start."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from lib.scoring import NOT_READ
from lib.systems import Picture, imported

READERS = ("auto", "characters", "line")
"""What reads lines: the line stage where the bundle has one, the lattice of characters, the line stage."""


@dataclass(slots=True)
class Ours:
    """``ocr_edge``: the pipeline behind ``ocr-edge read``.

    Attributes:
        bundle: The bundle's folder; empty for the shipped one.
        threads: CPU threads of OpenCV and the interpreter.
        pattern: What every line must match; empty for anything.
        limit_s: Seconds for a picture's lines, as the daemon sets them; None for no limit.
        reader: What reads lines; see ``READERS``.
        own_patterns: Whether a picture's own pattern is heeded; making its pipeline is then part of the time.
    """

    bundle: str = ""
    threads: int = 1
    pattern: str = ""
    limit_s: float | None = None
    reader: str = "auto"
    own_patterns: bool = False
    about: dict[str, str] = field(default_factory=dict)
    _bundle: Any = None
    _pipelines: dict[tuple[str, str], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._bundle = load_bundle(self.bundle, self.threads)
        self._pipeline(self.pattern)
        self.about = about_bundle(self._bundle)

    def read(self, picture: Picture) -> tuple[str, Mapping[str, float]]:
        """Read a picture."""
        known = (picture.pattern, picture.check) if self.own_patterns else (self.pattern, "")
        reading = self._pipeline(*known).read(picture.array())
        return said(reading), reading.timing_ms

    def _pipeline(self, pattern: str, check: str = "") -> Any:
        """The pipeline for a pattern, made when it is first needed."""
        from ocr_edge.decode.pattern import Pattern
        from ocr_edge.pipeline import Pipeline

        if (pattern, check) not in self._pipelines:
            parsed = Pattern.parse(pattern, self._bundle.manifest.texts, check) if pattern else None
            limit_s = math.inf if self.limit_s is None else self.limit_s
            self._pipelines[pattern, check] = Pipeline(
                self._bundle, parsed, limit_s=limit_s, **reader_switch(self.reader)
            )
        return self._pipelines[pattern, check]


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
        from ocr_edge.recognize.characters import Recognizer, run
        from ocr_edge.recognize.interpreter import Network

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


def said(reading: Any) -> str:
    """The text of a reading, a line each; ``NOT_READ`` for what could not be read."""
    return "\n".join(said_line(line) for line in reading.lines)


def said_line(line: Any) -> str:
    """The text of a line; ``NOT_READ`` for what could not be read, but a question mark that was read stays one."""
    return "".join(
        (" " if c.space_before else "") + (NOT_READ if _is_unread(c) else c.text) for c in line.characters
    ).strip()


def _is_unread(character: Any) -> bool:
    likeliest = character.alternatives[0][0] if character.alternatives else ""
    return character.text == "?" != likeliest


def reader_switch(reader: str) -> dict[str, str]:
    """The keywords of ``Pipeline`` that choose what reads lines; none for its own choice."""
    return {} if reader == "auto" else {"reader": reader}


def load_bundle(path: str, threads: int) -> Any:
    """A bundle, with OpenCV set to the same number of threads."""
    import ocr_edge.sources  # noqa: F401 - first: it holds settings that OpenCV reads when it is loaded
    from ocr_edge.bundles.load import load

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
