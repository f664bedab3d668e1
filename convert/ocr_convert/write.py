"""Write a bundle: all of its files, or none."""

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ocr_convert import card, line_selftest
from ocr_convert.detectors import selftest
from ocr_convert.trained import Converted, history
from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.load import Bundle
from ocr_edge.bundles.selftest import prove
from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.files import CARD_NAME, MANIFEST_NAME, RELIABILITY_NAME, SELFTEST_NAME, sha256
from ocr_edge.contract.manifest import Manifest
from ocr_edge.contract.preprocess import VERSION
from ocr_edge.contract.stage import Stage
from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.characters import Recognizer
from ocr_train.pictures import Panel, draw_reliability

SELFTEST_GLYPHS = 48
ORDER = ("detect", "line", "character")
"""Kinds of stages in the order in which they are asked."""


def write(
    out: Path,
    manifest: Manifest,
    networks: Sequence[bytes],
    glyphs: dict[str, Image],
    panels: Sequence[Panel],
) -> Bundle:
    """Write a bundle's folder and load it again with the device's own code.

    Args:
        out: The folder; an older bundle in it is replaced only after the new one has passed.
        manifest: Its stages carry no hashes yet.
        networks: The ``.tflite`` content of each stage.
        glyphs: Preprocessed glyphs; those the bundle is surest of become its self-test.
        panels: What the reliability picture shows; none, no picture.

    Returns:
        The written bundle.

    Raises:
        ConfigError: ``out`` holds something that is no bundle, or cannot be written.
        ModelError: The new bundle does not pass the device's checks.
    """
    return _whole(out, lambda folder: _fill(folder, manifest, networks, glyphs, panels))


def _whole(out: Path, fill: Callable[[Path], None]) -> Bundle:
    """Let a folder be filled, and give it its name once it is whole."""
    if out.exists() and not (out / MANIFEST_NAME).is_file():
        raise ConfigError(f"{out}: exists and is no bundle; choose another --out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
            folder = Path(name) / out.name
            folder.mkdir()
            fill(folder)
            if out.exists():
                shutil.rmtree(out)
            folder.replace(out)
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written ({error.strerror})") from error
    return bundles.load(out)


def write_stage(
    out: Path,
    converted: Converted,
    beside: Bundle | None,
    name: str,
    record: dict[str, Any],
) -> Bundle:
    """Write a bundle with a new stage that reads or finds lines, and all other stages of an older bundle.

    Args:
        out: The folder, as in ``write``.
        converted: The new stage.
        beside: Its other stages, their self-tests, records and reliability picture are taken over; None: a bundle
            that reads lines alone.
        name: What people call the bundle.
        record: Of the new stage's training.

    Raises:
        ConfigError: As in ``write``; or a detector would stand alone.
        ModelError: As in ``write``.
    """
    old, stage = beside.manifest if beside else None, converted.stage
    kept = [(i, s) for i, s in enumerate(old.stages if old else (), 1) if s.kind != stage.kind]
    order = sorted([(0, stage), *kept], key=lambda entry: ORDER.index(entry[1].kind))
    if stage.kind == "detect" and not kept:
        raise ConfigError(
            "a detector alone reads nothing: say with --beside which bundle's stages read what it finds"
        )
    runs = {number: _runs_of(old, number) for number, _ in kept} | {0: history(record)}
    measured = {"lines": converted.metrics} if stage.kind == "line" else {"detector": converted.metrics}
    manifest = Manifest(
        schema=manifests.SCHEMA,
        name=name,
        created=dt.date.today().isoformat(),
        preprocess=VERSION,
        stages=tuple(stage for _, stage in order),
        combine=old.combine if old else "replace",
        confusables=old.confusables if old else (),
        training={"runs": [{**run, "stage": i} for i, (was, _) in enumerate(order, 1) for run in runs[was]]},
        metrics={**(old.metrics if old else {}), **measured},
    )
    return _whole(out, lambda folder: _fill_stage(folder, manifest, converted, beside))


def _fill_stage(folder: Path, manifest: Manifest, converted: Converted, beside: Bundle | None) -> None:
    (folder / converted.stage.file).write_bytes(converted.content)
    arrays: dict[str, npt.NDArray[Any]] = {}
    names = [SELFTEST_NAME, CARD_NAME]
    picture = ""
    if beside:
        for stage in manifest.stages:
            if stage.file != converted.stage.file:
                shutil.copy(beside.path / stage.file, folder / stage.file)
        arrays = bundles.self_test(beside).arrays()
        if (beside.path / RELIABILITY_NAME).is_file():
            picture = RELIABILITY_NAME
            shutil.copy(beside.path / picture, folder / picture)
            names.append(picture)
    stages = tuple(
        msgspec.structs.replace(stage, sha256=sha256(folder / stage.file)) for stage in manifest.stages
    )
    manifest = msgspec.structs.replace(manifest, stages=stages)
    _save(folder, manifest)
    made = bundles.load(folder)
    own = line_selftest.drawn(made) if converted.stage.kind == "line" else selftest(made.detectors[0])
    arrays |= own | bundles.all_labels(manifest)
    np.savez_compressed(folder / SELFTEST_NAME, allow_pickle=False, **arrays)
    (folder / CARD_NAME).write_text(card.text(manifest, picture))
    files = {name: sha256(folder / name) for name in names}
    _save(folder, msgspec.structs.replace(manifest, files=files))
    prove(bundles.load(folder))


def _runs_of(manifest: Manifest | None, number: int) -> list[dict[str, Any]]:
    """The records of a bundle's stage, by its number from 1."""
    runs = manifest.training.get("runs", []) if manifest else []
    return [run for run in runs if run.get("stage", 1) == number]


def _fill(
    folder: Path,
    manifest: Manifest,
    networks: Sequence[bytes],
    glyphs: dict[str, Image],
    panels: Sequence[Panel],
) -> None:
    stages: list[Stage] = []
    for stage, content in zip(manifest.stages, networks, strict=True):
        (folder / stage.file).write_bytes(content)
        stages.append(msgspec.structs.replace(stage, sha256=sha256(folder / stage.file)))
    manifest = msgspec.structs.replace(manifest, stages=tuple(stages), created=dt.date.today().isoformat())
    _save(folder, manifest)
    bundle = bundles.load(folder)
    _write_selftest(folder, bundle, glyphs)
    names = [SELFTEST_NAME, CARD_NAME]
    if panels:
        draw_reliability(folder / RELIABILITY_NAME, panels)
        names.append(RELIABILITY_NAME)
    picture = RELIABILITY_NAME if panels else ""
    (folder / CARD_NAME).write_text(card.text(manifest, picture))
    files = {name: sha256(folder / name) for name in names}
    _save(folder, msgspec.structs.replace(manifest, files=files))
    bundles.load(folder)


def _write_selftest(folder: Path, bundle: Bundle, glyphs: dict[str, Image]) -> None:
    """Keep a few dozen glyphs, of as many labels as can be, that the bundle names with certainty."""
    scores = Recognizer(bundle).recognize_inputs(list(glyphs["rgb"]), list(glyphs["binary"]))
    labels, sure = scores.argmax(axis=1), scores.max(axis=1)
    chosen: list[int] = []
    for row in np.argsort(-sure, kind="stable").tolist():
        if labels[row] not in labels[chosen] and len(chosen) < SELFTEST_GLYPHS:
            chosen.append(row)
    rgb, binary = glyphs["rgb"][chosen], glyphs["binary"][chosen]
    arrays = {"rgb": rgb, "binary": binary, "labels": labels[chosen], **bundles.all_labels(bundle.manifest)}
    np.savez_compressed(folder / SELFTEST_NAME, allow_pickle=False, **arrays)


def _save(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST_NAME).write_bytes(manifests.encode(manifest))
