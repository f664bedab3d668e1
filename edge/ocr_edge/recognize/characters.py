"""Names glyphs: preprocess, run the bundle's stages in sequence, give calibrated log-probabilities."""

from collections.abc import Sequence

import numpy as np

from ocr_edge.contract.preprocess import preprocess
from ocr_edge.contract.quantize import quantize_pixels
from ocr_edge.contract.types import Glyph, Image, Scores
from ocr_edge.errors import ModelError
from ocr_edge.recognize.bundle import Bundle
from ocr_edge.recognize.cascade import in_sequence
from ocr_edge.recognize.interpreter import Network


class Recognizer:
    """Runs a bundle on glyphs.

    Args:
        bundle: A loaded bundle.

    Attributes:
        labels: The ordered texts it can say: the bundle's classes without that of what is no character.

    Raises:
        ModelError: The bundle has no stage that names glyphs.
    """

    def __init__(self, bundle: Bundle) -> None:
        if not bundle.networks:
            raise ModelError(f"bundle {bundle.path}: has no stage that names characters")
        self._bundle = bundle
        first = bundle.manifest.characters[0]
        self.labels = first.texts
        self._said = np.array([first.labels.index(text) for text in self.labels])
        height, width, _ = first.inputs["rgb"]
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
        scores, _ = in_sequence(
            self._bundle.manifest,
            len(rgb),
            lambda stage, rows: [run(self._bundle.networks[stage], rgb[row], binary[row]) for row in rows],
        )
        return scores[:, self._said]


def run(network: Network, rgb: Image, binary: Image) -> Scores:
    """Logits of one preprocessed glyph, float32, shape ``(labels,)``."""
    if network.output is None:
        inputs = {"rgb": rgb.astype(np.float32)[None], "binary": binary.astype(np.float32)[None]}
        return np.asarray(network.run(inputs), np.float32)
    return network.output.dequantize(
        network.run({"rgb": quantize_pixels(rgb)[None], "binary": quantize_pixels(binary)[None]})
    )
