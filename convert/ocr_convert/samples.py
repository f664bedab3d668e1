"""Representative samples: real inputs of both branches, drawn from every source, that calibrate the quantizer."""

from collections.abc import Iterator, Sequence

import numpy as np

from ocr_edge.contract.types import Image
from ocr_train.datasets import Dataset
from ocr_train.feed import stack


def draw(datasets: Sequence[Dataset], count: int, seed: int = 1) -> dict[str, Image]:
    """Draw the same number of samples from each data set, classes as even as they can be.

    Args:
        datasets: Sources to draw from.
        count: How many samples in all, about.
        seed: Start of the choice.

    Returns:
        ``rgb`` uint8 (N, 28, 28, 3) and ``binary`` uint8 (N, 28, 28, 1). Preprocessing stretches contrast, so the
        samples reach 0 and 255 and the inputs quantize to exactly ``(1.0, -128)``.
    """
    rng = np.random.default_rng(seed)
    each = -(-count // len(datasets))
    glyphs = []
    for dataset in datasets:
        order = rng.permutation(len(dataset.samples))
        labels = dataset.label_array()[order]
        # The first of every class, then the second of every class, and so on.
        turn = np.empty(len(order), np.int64)
        for label in np.unique(labels):
            turn[labels == label] = np.arange((labels == label).sum())
        glyphs += [dataset.samples[row].glyph for row in order[np.argsort(turn, kind="stable")[:each]]]
    return stack(glyphs)


def feed(inputs: dict[str, Image]) -> Iterator[dict[str, np.ndarray]]:
    """One sample at a time as the converter wants it: a dict by input name, float32, batch 1.

    A list would be matched by position, and the converter lists inputs in an order of its own.
    """
    for row in range(len(inputs["rgb"])):
        yield {name: values[row : row + 1].astype(np.float32) for name, values in inputs.items()}
