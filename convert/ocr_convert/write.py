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
from ocr_convert.lines import Converted
from ocr_convert.trained import history
from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.load import Bundle
from ocr_edge.bundles.selftest import prove
from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.manifest import Manifest, Stage
from ocr_edge.contract.preprocess import VERSION
from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.characters import Recognizer
from ocr_train.pictures import Panel, draw_reliability

SELFTEST_GLYPHS = 48


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
    if out.exists() and not (out / manifests.FILE_NAME).is_file():
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


def write_line(
    out: Path, converted: Converted, beside: Bundle | None, name: str, record: dict[str, Any]
) -> Bundle:
    """Write a bundle whose lines are read by a new stage, and whose characters by the stages of an older bundle.

    Args:
        out: The folder, as in ``write``.
        converted: The line stage.
        beside: Its character stages, their self-test, records and reliability picture are taken over; None: a bundle
            that reads lines alone.
        name: What people call the bundle.
        record: Of the line stage's training.

    Raises:
        ConfigError: As in ``write``.
        ModelError: As in ``write``.
    """
    old = beside.manifest if beside else None
    manifest = Manifest(
        schema=manifests.SCHEMA,
        name=name,
        created=dt.date.today().isoformat(),
        preprocess=VERSION,
        stages=(converted.stage, *(old.characters if old else ())),
        combine=old.combine if old else "replace",
        confusables=old.confusables if old else (),
        training={"runs": [*({**run, "stage": 1} for run in history(record)), *_runs_after(old)]},
        metrics={**(old.metrics if old else {}), "lines": converted.metrics},
    )
    return _whole(out, lambda folder: _fill_line(folder, manifest, converted.content, beside))


def _fill_line(folder: Path, manifest: Manifest, content: bytes, beside: Bundle | None) -> None:
    (folder / manifest.lines[0].file).write_bytes(content)
    arrays: dict[str, npt.NDArray[Any]] = {}
    names = [manifests.SELFTEST_NAME, manifests.CARD_NAME]
    picture = ""
    if beside:
        for stage in beside.manifest.characters:
            shutil.copy(beside.path / stage.file, folder / stage.file)
        test = bundles.self_test(beside)
        arrays = {**test.inputs, "labels": test.labels}
        if (beside.path / manifests.RELIABILITY_NAME).is_file():
            picture = manifests.RELIABILITY_NAME
            shutil.copy(beside.path / picture, folder / picture)
            names.append(picture)
    stages = tuple(
        msgspec.structs.replace(stage, sha256=manifests.sha256(folder / stage.file))
        for stage in manifest.stages
    )
    manifest = msgspec.structs.replace(manifest, stages=stages)
    _save(folder, manifest)
    arrays |= line_selftest.drawn(bundles.load(folder)) | bundles.all_labels(manifest)
    np.savez_compressed(folder / manifests.SELFTEST_NAME, allow_pickle=False, **arrays)
    (folder / manifests.CARD_NAME).write_text(card.text(manifest, picture))
    files = {name: manifests.sha256(folder / name) for name in names}
    _save(folder, msgspec.structs.replace(manifest, files=files))
    prove(bundles.load(folder))


def _runs_after(manifest: Manifest | None) -> list[dict[str, Any]]:
    """The records of a bundle's character stages, as those of stages after a line stage."""
    runs = manifest.training.get("runs", []) if manifest else []
    before = len(manifest.lines) if manifest else 0
    return [
        {**run, "stage": run.get("stage", 1) - before + 1} for run in runs if run.get("stage", 1) > before
    ]


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
        stages.append(msgspec.structs.replace(stage, sha256=manifests.sha256(folder / stage.file)))
    manifest = msgspec.structs.replace(manifest, stages=tuple(stages), created=dt.date.today().isoformat())
    _save(folder, manifest)
    bundle = bundles.load(folder)
    _write_selftest(folder, bundle, glyphs)
    names = [manifests.SELFTEST_NAME, manifests.CARD_NAME]
    if panels:
        draw_reliability(folder / manifests.RELIABILITY_NAME, panels)
        names.append(manifests.RELIABILITY_NAME)
    picture = manifests.RELIABILITY_NAME if panels else ""
    (folder / manifests.CARD_NAME).write_text(card.text(manifest, picture))
    files = {name: manifests.sha256(folder / name) for name in names}
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
    np.savez_compressed(folder / manifests.SELFTEST_NAME, allow_pickle=False, **arrays)


def _save(folder: Path, manifest: Manifest) -> None:
    (folder / manifests.FILE_NAME).write_bytes(manifests.encode(manifest))
