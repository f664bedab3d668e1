"""Between pixels or scores and the int8 numbers of a quantized network."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.types import Image, Scores

Int8 = npt.NDArray[np.int8]
INPUT_SCALE, INPUT_ZERO_POINT = 1.0, -128
"""The only input quantization a bundle may have: pixel 0 is -128, pixel 255 is 127."""


def quantize_pixels(image: Image) -> Int8:
    """Pixels 0..255 as int8 -128..127, the quantization ``(1.0, -128)``, exactly and without arithmetic."""
    return np.bitwise_xor(image, np.uint8(0x80)).view(np.int8)


MAX_SCALE = 1e6
"""Largest step of an output: logits are tens, and float32 must hold them divided by any temperature."""


@dataclass(frozen=True, slots=True)
class Quantization:
    """An affine map from int8 to real numbers, read from a tensor's own details.

    Attributes:
        scale: Real value of one step, above 0.
        zero_point: The int8 value that stands for 0.
    """

    scale: float
    zero_point: int

    def __post_init__(self) -> None:
        if not 0 < self.scale <= MAX_SCALE:
            raise ValueError(f"quantization scale {self.scale}: must be above 0 and at most {MAX_SCALE:g}")
        if not -128 <= self.zero_point <= 127:
            raise ValueError(f"quantization zero point {self.zero_point}: must be an int8")

    def dequantize(self, values: npt.NDArray[np.int8]) -> Scores:
        """Real numbers for int8 values, same shape, float32."""
        # int32 first: int8 minus a zero point overflows.
        return ((values.astype(np.int32) - self.zero_point) * self.scale).astype(np.float32)


def log_softmax(logits: Scores, temperature: float = 1.0) -> Scores:
    """Log-probabilities of each row.

    Args:
        logits: float32, shape ``(N, L)``.
        temperature: Divides the logits; above 1 makes the model less sure (Guo et al., ICML 2017).

    Returns:
        float32, shape ``(N, L)``; every row's exponentials sum to 1.
    """
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    return np.asarray(scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True)), np.float32)
