"""Networks that read a whole line, for CTC (Graves et al., ICML 2006).

An RGB and an ink branch over the strip, joined, convolutions in both directions, then along the line. Fully
convolutional: one set of weights for every width.
"""

from collections.abc import Sequence

import keras
from keras import layers

from ocr_edge.contract.preprocess import LINE_HEIGHT
from ocr_train.architectures.blocks import convolved, residual


def build(
    labels: int,
    *,
    stem: tuple[int, int] = (24, 8),
    body: tuple[int, int] = (80, 160),
    tops: int = 2,
    deep: int = 320,
    tail: str = "mixed",
    blocks: int = 4,
    blind: Sequence[str] = (),
) -> keras.Model:
    """Build it.

    Args:
        labels: Classes, the blank among them, last.
        stem: Channels of the RGB branch and of the ink branch.
        body: Channels at a quarter of the resolution, and below.
        tops: Residual blocks of the latter.
        deep: Channels along the line.
        tail: What looks along the line: ``plain`` (two 1x3 convolutions a block), ``wide`` (a depthwise 1x9
            convolution, then two 1x1; the block of Liu et al., CVPR 2022, for int8) or ``mixed``, one by turns.
        blocks: How many of these.
        blind: Inputs that are not looked at, for comparison.

    Returns:
        Inputs ``rgb`` (B, 32, W, 3) and ``binary`` (B, 32, W, 1), 0..255; output ``logits`` (B, W / 4, labels).
    """
    inputs = {
        "rgb": keras.Input((LINE_HEIGHT, None, 3), name="rgb"),
        "binary": keras.Input((LINE_HEIGHT, None, 1), name="binary"),
    }
    branches = []
    for (name, pixels), filters in zip(inputs.items(), stem, strict=True):
        x = layers.Rescaling(0.0 if name in blind else 1 / 255, name=f"{name}_scale")(pixels)
        branches.append(convolved(x, filters, name, size=4, strides=2))
    x = layers.Concatenate(name="join")(branches)  # (B, 16, W/2, 32)
    x = convolved(x, body[0], "quarter", strides=2)  # (B, 8, W/4, 80)
    x = residual(x, "middle")
    x = convolved(x, body[1], "lower", strides=(2, 1))  # (B, 4, W/4, 160)
    for number in range(tops):
        x = residual(x, f"top{number or ''}")
    x = layers.ZeroPadding2D(((0, 0), (1, 1)), name="sides")(x)
    x = convolved(x, deep, "flat", size=(4, 3), padding="valid")  # (B, 1, W/4, 320)
    for number in range(blocks):
        is_wide = tail == "wide" or (tail == "mixed" and number % 2 == 1)
        x = wide(x, f"along{number}") if is_wide else residual(x, f"along{number}", size=(1, 3))
    x = layers.Conv2D(labels, 1, dtype="float32", name="scores")(x)  # (B, 1, W/4, labels)
    return keras.Model(inputs, Row(name="logits", dtype="float32")(x), name="dual_line")  # (B, W/4, labels)


@keras.saving.register_keras_serializable("ocr_train")
class Row(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Takes away an axis of one row: (B, 1, T, C) to (B, T, C)."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """The mean over that axis; a reshape would fix the width of the converted network."""
        return keras.ops.mean(x, axis=1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Shape without the row."""
        return (shape[0], *shape[2:])


def wide(x: keras.KerasTensor, name: str, reach: int = 9) -> keras.KerasTensor:
    """A block that looks ``reach`` steps along the line: depthwise, then twice the channels and back, and around."""
    y = layers.DepthwiseConv2D((1, reach), padding="same", use_bias=False, name=f"{name}_along")(x)
    y = layers.BatchNormalization(name=f"{name}_along_norm")(y)
    y = convolved(y, 2 * x.shape[-1], f"{name}_a", size=1)
    y = convolved(y, x.shape[-1], f"{name}_b", size=1, relu=False)
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))
