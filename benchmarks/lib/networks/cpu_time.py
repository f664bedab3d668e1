"""What networks cost: CPU time a character, taken in turns."""

import random
from collections.abc import Callable, Mapping, Sequence
from time import process_time
from typing import Any

import numpy as np

from lib.networks.bundles import Model
from ocr_edge.contract.types import Image
from ocr_edge.recognize.characters import Recognizer

TURN = 200
"""Glyphs that a network names in one turn: enough that the share which goes on to a second stage is about right."""


def timed(models: Sequence[Model], inputs: Mapping[str, Image], rounds: int) -> dict[str, list[float]]:
    """CPU milliseconds a character, network by network in turns: scores of preprocessed glyphs, one thread.

    Args:
        models: Networks of one stage, or of several that then run as their manifest says.
        inputs: Preprocessed glyphs by input name.
        rounds: Turns that each network has.
    """
    rgb, binary = list(inputs["rgb"]), list(inputs["binary"])

    def action(model: Model) -> Callable[[], object]:
        recognizer = Recognizer(model.bundle)
        return lambda: recognizer.recognize_inputs(rgb, binary)

    seconds = in_turns({model.name: action(model) for model in models}, rounds)
    return {name: [1000 * second / len(rgb) for second in times] for name, times in seconds.items()}


def in_turns(
    actions: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float] = process_time
) -> dict[str, list[float]]:
    """Seconds of each action in each round, after one round that does not count.

    Every round runs all of them in another order, so that whatever slows the machine meets all alike. The clock is
    the process's own CPU time: other work on the machine does not count.
    """
    taken: dict[str, list[float]] = {name: [] for name in actions}
    order = random.Random(0)
    for _ in range(rounds + 1):
        for name in order.sample(list(actions), len(actions)):
            started = clock()
            actions[name]()
            taken[name].append(clock() - started)
    return {name: times[1:] for name, times in taken.items()}


def cost(ms: Sequence[float], baseline: Sequence[float]) -> dict[str, Any]:
    """Median milliseconds, their 10th to 90th percentile, and how many times the baseline takes, round by round."""
    fast, middle, slow = (float(value) for value in np.percentile(ms, [10, 50, 90]))
    faster = float(np.median(np.asarray(baseline) / np.asarray(ms)))
    return {"ms": middle, "ms_range": [fast, slow], "faster": faster, "rounds": len(ms)}
