"""What a tuning learns from and is measured on."""

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from ocr_edge.contract import labels as label_orders
from ocr_edge.contract.labels import REJECT
from ocr_edge.errors import ConfigError, ModelError
from ocr_train import rendering
from ocr_train.datasets import Dataset, load
from ocr_train.recipe import Recipe, Source
from ocr_train.record import record_of
from ocr_train.sources import stack
from ocr_train.tune.blend import HeldOut
from ocr_train.tune.settings import Settings

_LOGGER = logging.getLogger(__name__)
EPOCH_SAMPLES = 5_000
REHEARSED = 0.75
"""Share of the samples that are not the user's, at least. Half of them forgot more and gained no more."""
OFTEN = 1.25
"""How many times as often as an average class each class of the user's is drawn, at most. Where one new class was a
quarter of all samples, up to 5 % of the characters of real sets were taken for it."""
REJECTS = 0.4
"""Share of the rehearsal that shows no character, where the network has a class for that."""


def recorded(network: Path) -> tuple[str, tuple[str, ...]]:
    """A network's architecture and labels, from the ``run.json`` beside it.

    Raises:
        ModelError: There is none, or it does not say.
    """
    path = record_of(network)
    try:
        record = json.loads(path.read_text())
        return record["recipe"]["architecture"], tuple(record["labels"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path}: does not name the architecture and labels of {network.name}; expected the run.json that"
            " training wrote beside it"
        ) from error


def spec_of(text: str) -> str:
    """A spec as it stands, or that of a folder or archive given by its path alone."""
    path = Path(text).expanduser()
    if path.is_dir():
        return f"folder:{text}"
    return f"tar:{text}" if path.is_file() and ".tar" in path.name else text


def held_out(text: str, labels: Sequence[str]) -> HeldOut:
    """The crops of a spec that are for validation, ready to measure.

    Raises:
        ConfigError: There are none.
    """
    dataset = load(text, labels)
    samples = [s for s in dataset.samples if s.split == "validation"]
    if not samples:
        raise ConfigError(
            f"data {text!r}: none of its {len(dataset.samples)} crops is in the validation split, so nothing"
            " would tell whether the network got better; in a folder every eighth picture is, by its name: add"
            " more"
        )
    inputs = stack([sample.glyph for sample in samples])
    return HeldOut(dataset.name, inputs, Dataset(dataset.name, samples).label_array())


def rendered(run: Path, settings: Settings) -> str:
    """The spec of characters rendered from this system's fonts; those of an earlier time where there are any.

    Raises:
        ConfigError: There are no fonts.
    """
    path = run / f"rendered-{settings.rendered}.tar"
    if not path.exists():
        _LOGGER.info("rendering %d characters to rehearse, once for this run", settings.rendered)
        try:
            # Another seed than that of the shipped network's own.
            rendering.prepare(path, settings.rendered, seed=1_000_003, workers=os.cpu_count() or 1)
        except ConfigError as error:
            raise ConfigError(f"{error}; or leave rendered characters out with --rendered 0") from error
    return f"tar:{path}"


def recipe(settings: Settings, architecture: str, labels: Sequence[str], specs: Sequence[str]) -> Recipe:
    """The training: at most a quarter of the samples from the user's crops, the others from what is rehearsed.

    Args:
        settings: What the user decides.
        architecture: Of the network.
        labels: What it tells apart.
        specs: The data sets, the user's first.
    """
    texts = "".join(label for label in labels if label != REJECT)
    named = {order: name for name, order in label_orders.ORDERS.items()}
    classes = len(set(load(settings.mine, labels).label_array().tolist()))
    share = min(1 - REHEARSED, OFTEN * classes / len(labels))
    each = (1 - share) / share / max(1, len(specs) - 1)
    sources = [Source(data=specs[0], weight=1.0, terms="the user's own")]
    sources += [Source(data=spec, weight=each) for spec in settings.keep]
    sources += [
        Source(data=spec, weight=each, terms="rendered from the fonts of the system")
        for spec in specs[len(sources) :]
    ]
    return Recipe(
        architecture=architecture,
        labels=named.get(texts, texts),
        reject=REJECTS * (REJECT in labels),
        epochs=settings.epochs,
        epoch_samples=EPOCH_SAMPLES,
        batch_size=128,
        learning_rate=settings.learning_rate,
        warmup_epochs=0.5,
        augment_strength=0.6,
        sources=tuple(sources),
    )
