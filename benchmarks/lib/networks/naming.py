"""Every network names every character once: alone, and as a stage of a sequence."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lib.networks import bundles, cpu_time, held_out
from lib.networks.bundles import Model, device
from lib.networks.held_out import Right, Source
from lib.networks.sequences import Choice, Combine, Levels, Parts, combined, last_stage
from ocr_edge.contract.types import Image, Scores
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.cascade import in_sequence
from ocr_edge.recognize.characters import run

COMBINES: tuple[Combine, ...] = ("replace", "mean")


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """What networks said of the same characters of all sources, in one row after another.

    Attributes:
        ms: Mean CPU milliseconds a character of each network, by name.
        alone: What each names right, by name.
        levels: What the stages do in sequence, by how they are combined.
        stages: Names of the stages, in order.
        parts: Source and half of each character.
    """

    ms: dict[str, float]
    alone: dict[str, Right]
    levels: dict[Combine, Levels]
    stages: tuple[str, ...]
    parts: Parts

    def right(self, choice: Choice) -> Right:
        """What a sequence names right."""
        level = self.levels[choice.combine]
        return level.right[last_stage(level.sure, choice.thresholds), np.arange(level.sure.shape[1])]


def check(stages: Sequence[Model]) -> None:
    """Refuse what is no sequence.

    Raises:
        ConfigError: There are fewer than two stages, one is a sequence itself, or they name different texts.
    """
    if len(stages) < 2:
        raise ConfigError("a sequence needs two networks or more")
    texts = set(stages[0].bundle.manifest.characters[0].texts)
    for stage in stages:
        if (count := len(stage.bundle.networks)) != 1:
            raise ConfigError(f"{stage.name}: has {count} stages, a stage must be one network")
        if different := texts ^ set(stage.bundle.manifest.characters[0].texts):
            raise ConfigError(
                f"{stage.name}: {min(different)!r} is a text of it or of {stages[0].name}, not of both"
            )


def name_all(
    opened: Sequence[Model], stages: Sequence[Model], sources: Sequence[Source], rounds: int
) -> Named:
    """Let every network name every character, and time them in turns.

    Raises:
        ConfigError: A network cannot say what the first one can.
    """
    texts = stages[0].bundle.manifest.characters[0].texts
    times = cpu_time.timed(opened, held_out.some(sources, cpu_time.TURN), rounds)
    truth = np.concatenate([source.truth for source in sources])
    scores: dict[str, Scores] = {}
    alone: dict[str, Right] = {}
    for model in opened:
        print(f"{model.name}: naming", file=sys.stderr)
        if model in stages:
            found = scores[model.name] = np.concatenate(
                [calibrated(model, source.inputs, texts) for source in sources]
            )
        else:
            found = np.concatenate([whole(model, source.inputs, texts) for source in sources])
        alone[model.name] = held_out.right(found[:, : len(texts)], truth, texts)[0]
    levels = {}
    for combine in COMBINES:
        after = combined([scores[stage.name] for stage in stages], combine)
        right = [held_out.right(level[:, : len(texts)], truth, texts)[0] for level in after]
        levels[combine] = Levels(np.stack([level.max(axis=1) for level in after]), np.stack(right))
    lengths = [len(source.truth) for source in sources]
    parts = Parts(
        np.repeat(np.arange(len(sources)), lengths),
        np.concatenate([held_out.halves(source.groups) for source in sources]),
    )
    ms = {name: float(np.median(values)) for name, values in times.items()}
    return Named(ms, alone, levels, tuple(stage.name for stage in stages), parts)


def calibrated(model: Model, inputs: dict[str, Image], texts: Sequence[str]) -> Scores:
    """Calibrated log-probabilities of the texts and, in the last column, of what is no text.

    That column is minus infinity for a network that knows only texts.
    """
    (network,), manifest = model.bundle.networks, model.bundle.manifest
    pairs = zip(inputs["rgb"], inputs["binary"], strict=True)
    logits = np.asarray([run(network, rgb, binary) for rgb, binary in pairs], np.float32)
    scores, _ = in_sequence(manifest, len(logits), lambda _, rows: logits[rows])
    said = [manifest.characters[0].labels.index(text) for text in texts]
    silent = np.delete(scores, said, axis=1)
    rest = np.logaddexp.reduce(silent, axis=1, keepdims=True)
    return np.asarray(np.concatenate([scores[:, said], rest], axis=1), np.float32)


def whole(model: Model, inputs: dict[str, Image], texts: Sequence[str]) -> Scores:
    """Scores of the texts by a network or a bundle as a whole."""
    return device(model.bundle)(inputs)[:, bundles.columns(model, texts)]
