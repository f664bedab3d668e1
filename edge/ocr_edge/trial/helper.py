"""A process that tries a configuration on a picture for the page: it may take long, or be killed, and harms nobody.

It is asked on stdin and answers on stdout, each a length in four bytes and then MessagePack. It ends with its stdin.
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import msgspec
import numpy as np

from ocr_edge.bundles.load import Bundle, load
from ocr_edge.config import Config
from ocr_edge.config.load import parse
from ocr_edge.config.settings import Region
from ocr_edge.contract.types import Image
from ocr_edge.daemon import region_setup
from ocr_edge.daemon.scene import Scene
from ocr_edge.errors import ConfigError, OcrEdgeError
from ocr_edge.explain import folder
from ocr_edge.explain.account import account
from ocr_edge.sources.base import Frame
from ocr_edge.system.counters import Counters
from ocr_edge.trace import Recording
from ocr_edge.trial import looking, words
from ocr_edge.trial.suggest import suggest

MEMORY = 272 * 2**20
"""Bytes of data that it may have: finding the text of a picture of 1280x720 takes 260 MB. A fifth of that is code and
is shared with the daemon, which takes up to 210 itself: the service has 400 MB and 64 of swap for all, and beyond that
the service manager would end it."""
NICE = 10
"""Below the daemon, which has 5: reading goes first."""
KEPT = 64
"""Answers about regions that are kept: while one region is drawn, the others are not read again."""


class Question(msgspec.Struct, frozen=True):
    """What the page asks.

    Attributes:
        what: ``prove``, ``look``, ``explain`` or ``suggest``.
        text: The configuration.
        path: Where its file is: relative paths in it are taken from there.
        bundle: Folder of the model.
        image: The picture, RGB; empty to prove.
        size: Its height and width.
        source: Name of the camera or file.
        region: Name of the region to explain.
    """

    what: str
    text: str
    path: str
    bundle: str
    image: bytes = b""
    size: tuple[int, int] = (0, 0)
    source: str = ""
    region: str = ""


@dataclass(slots=True)
class Desk:
    """Answers questions, one after the other, and keeps the bundle and what it found out."""

    _bundle: Bundle | None = None
    _place: str = ""
    _picture: bytes = b""
    _found: dict[bytes, dict[str, Any]] = field(default_factory=dict)

    def answer(self, question: Question) -> dict[str, Any]:
        """What is answered; ``error`` where the configuration is wrong, or a network failed."""
        ways: dict[str, Callable[[Question], dict[str, Any]]] = {
            "prove": self._prove,
            "look": self._look,
            "explain": self._explain,
            "suggest": self._suggest,
        }
        try:
            return ways[question.what](question)
        except OcrEdgeError as error:
            return {"error": str(error)}
        except MemoryError:
            return {
                "error": f"this takes more than {MEMORY >> 20} MiB of memory; take a smaller picture or region"
            }

    def _prove(self, question: Question) -> dict[str, Any]:
        self._scene(parse(question.text, Path(question.path)), question)
        return {}

    def _look(self, question: Question) -> dict[str, Any]:
        """What each region would say of the picture; those that have been tried on it are not read again."""
        config = parse(question.text, Path(question.path))
        self._scene(config, question)  # all of it must be right, not only the region that is tried
        if question.image != self._picture:
            self._picture, self._found = question.image, {}
        regions = {region.name: region for region in config.region}
        trials, problem, marks = [], "", []
        for region in config.region:
            other = [regions[region.when.region]] if region.when else []
            alone = msgspec.structs.replace(config, region=(region, *other))
            key = msgspec.json.encode(
                [region, other, config.picture, config.stabilize, config.check], enc_hook=str
            )
            if key not in self._found:
                looked = looking.look(alone, self._model(question), _frame(question))
                if len(self._found) >= KEPT:
                    self._found.clear()
                self._found[key] = {
                    "trial": _told(looked.trials[0]),
                    "problem": looked.problem,
                    "marks": [mark.round(1).tolist() for mark in looked.marks],
                }
            trials.append(self._found[key]["trial"])
            problem, marks = self._found[key]["problem"], self._found[key]["marks"]
        return {"trials": trials, "problem": problem, "marks": marks}

    def _explain(self, question: Question) -> dict[str, Any]:
        """The pictures of ``ocr-edge read --explain`` of one region, each as PNG."""
        config = parse(question.text, Path(question.path))
        scene, frame = self._scene(config, question), _frame(question)
        reader = next((each for each in scene.readers if each.region.name == question.region), None)
        if reader is None:
            raise ConfigError(f"there is no region {question.region!r}")
        region = reader.region
        if region.value and region.value.rolling:
            raise ConfigError("a counter of wheels is not explained in pictures")
        matrix = scene.place(frame.image)
        if matrix is None:
            raise ConfigError(scene.unplaced)
        cut = scene.cut(frame.image, reader, matrix)
        recording, model = Recording(), self._model(question)
        checks = region_setup.own_checks(config.check)
        pattern = region_setup.pattern(region, model, checks)
        pipeline = region_setup.pipeline(region, model, pattern, scene.placing.scale(frame.image), recording)
        reading = pipeline.read(cut.image, source=frame.source, time=frame.captured_at)
        return {"pictures": folder.pictures(account(recording, reading))}

    def _suggest(self, question: Question) -> dict[str, Any]:
        found = suggest(_frame(question).image, self._model(question))
        return {
            "suggestions": [
                {
                    "settings": _settings(each.region),
                    "text": words.shown(each.reading.text),
                    "confidence": each.reading.confidence,
                    "why": each.reading.why,
                }
                for each in found
            ]
        }

    def _scene(self, config: Config, question: Question) -> Scene:
        with looking.unsaid():
            return Scene(config, self._model(question), Counters())

    def _model(self, question: Question) -> Bundle:
        if self._bundle is None or self._place != question.bundle:
            self._bundle, self._found = None, {}
            self._bundle, self._place = load(Path(question.bundle)), question.bundle
        return self._bundle


def _frame(question: Question) -> Frame:
    image: Image = np.frombuffer(question.image, np.uint8).reshape(*question.size, 3)
    return Frame(image, time.time(), time.monotonic(), question.source)


def _told(trial: looking.Trial) -> dict[str, Any]:
    """What a region would say, as plain values."""
    reading = trial.reading
    return {
        "region": trial.region.name,
        "text": words.shown(reading.text),
        "value": words.number(reading),
        "confidence": reading.confidence,
        "why": reading.why,
        "said": words.found(trial),
        "advice": words.advice(trial) if reading.why else "",
    }


def _settings(region: Region) -> dict[str, Any]:
    """What a configuration would say of a region: what is not as it is by default."""
    given: dict[str, Any] = {}
    for name in region.__struct_fields__:
        value = getattr(region, name)
        if isinstance(value, msgspec.Struct):
            plain = {n: getattr(value, n) for n in value.__struct_fields__}
            given[name] = {n: v for n, v in plain.items() if v != getattr(type(value)(), n)}
        elif value != getattr(Region(), name):
            given[name] = value
    return given


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """So many bytes; fewer at the end of the stream."""
    return stream.read(size)


def main() -> None:
    """Answer until nobody asks any more."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cv2.setNumThreads(1)
    desk = Desk()
    # What libraries of C print must not stand between two answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while len(head := _exactly(sys.stdin.buffer, 4)) == 4:
        content = _exactly(sys.stdin.buffer, int.from_bytes(head))
        answer = msgspec.msgpack.encode(desk.answer(msgspec.msgpack.decode(content, type=Question)))
        answers.write(len(answer).to_bytes(4) + answer)
        answers.flush()
