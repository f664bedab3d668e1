"""Names glyphs: preprocess, run the bundle's stages in sequence, give calibrated log-probabilities."""

from collections.abc import Sequence

import numpy as np

from ocr_edge.bundle import Bundle
from ocr_edge.contract.preprocess import preprocess
from ocr_edge.contract.quantize import log_softmax, quantize_pixels
from ocr_edge.contract.types import Glyph, Image, Scores
from ocr_edge.interpreter import Network


class Recognizer:
    """Runs a bundle on glyphs.

    Args:
        bundle: A loaded bundle.

    Attributes:
        labels: The ordered texts it can say: the bundle's classes without that of what is no character.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self.labels = bundle.manifest.texts
        self._said = np.array([bundle.manifest.labels.index(text) for text in self.labels])
        height, width, _ = bundle.manifest.inputs["rgb"]
        self._canvas = (height, width)

    def recognize(self, glyphs: Sequence[Glyph]) -> Scores:
        """Calibrated log-probabilities of each glyph over the labels.

        Args:
            glyphs: Any number of crops.

        Returns:
            float32, shape ``(len(glyphs), labels)``. What a row's probabilities lack to one is the probability that
            the glyph is no character.
        """
        pairs = [preprocess(glyph, self._canvas) for glyph in glyphs]
        return self.recognize_inputs([rgb for rgb, _ in pairs], [binary for _, binary in pairs])

    def recognize_inputs(self, rgb: Sequence[Image], binary: Sequence[Image]) -> Scores:
        """The same for glyphs that are preprocessed already.

        Args:
            rgb: uint8 images of shape ``(H, W, 3)``.
            binary: uint8 images of shape ``(H, W, 1)``, in the same order.

        Returns:
            float32, shape ``(len(rgb), labels)``.
        """
        result = np.zeros((len(rgb), len(self._bundle.manifest.labels)), np.float32)
        rows = list(range(len(rgb)))
        for stage, network in zip(self._bundle.manifest.stages, self._bundle.networks, strict=True):
            if not rows:
                break
            logits = np.asarray([run(network, rgb[row], binary[row]) for row in rows], np.float32)
            scores = log_softmax(logits, stage.temperature)
            if self._bundle.manifest.combine == "mean" and stage is not self._bundle.manifest.stages[0]:
                scores = log_softmax(np.asarray((scores + result[rows]) / 2, np.float32))
            result[rows] = scores
            if stage.escalate_below is None:
                break
            limit = np.log(max(stage.escalate_below, 1e-9))
            rows = [row for row, best in zip(rows, scores.max(axis=1), strict=True) if best < limit]
        return result[:, self._said]


def run(network: Network, rgb: Image, binary: Image) -> Scores:
    """Logits of one preprocessed glyph, float32, shape ``(labels,)``."""
    if network.output is None:
        inputs = {"rgb": rgb.astype(np.float32)[None], "binary": binary.astype(np.float32)[None]}
        return np.asarray(network.run(inputs), np.float32)
    return network.output.dequantize(
        network.run({"rgb": quantize_pixels(rgb)[None], "binary": quantize_pixels(binary)[None]})
    )
