"""A thin residual network of two branches, joined early, at 14 x 14 (residual blocks: He et al., CVPR 2016).

Less than half of the original's multiply-adds.
"""

import keras
from keras import layers

from ocr_train.architectures.blocks import convolved, residual

BRANCH = 24
"""Channels of each branch, at 14 x 14."""
DROPOUT = 0.2


def build(
    labels: int, *, middle_blocks: int = 1, top: int = 96, top_blocks: int = 2, deep: int = 0
) -> keras.Model:
    """Build the network.

    Args:
        labels: How many classes it tells apart.
        middle_blocks: Residual blocks at 14 x 14.
        top: Channels at 7 x 7.
        top_blocks: Residual blocks there.
        deep: Channels of one more residual block at 4 x 4; 0 for none.

    Returns:
        A model from pixels 0..255 to logits; scaling to 0..1 happens inside.
    """
    rgb = keras.Input((28, 28, 3), name="rgb")
    binary = keras.Input((28, 28, 1), name="binary")  # 0 or 255
    x = layers.Concatenate(name="join")([_branch(rgb), _branch(binary)])  # (B, 14, 14, 48)
    for number in range(middle_blocks):
        x = residual(x, f"middle_{number + 1}" if number else "middle")
    x = convolved(x, top, "down", strides=2)  # (B, 7, 7, top)
    for number in range(top_blocks):
        x = residual(x, f"top_{number + 1}")
    if deep:
        x = residual(convolved(x, deep, "deep", strides=2), "deep_1")  # (B, 4, 4, deep)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(DROPOUT, name="dropout")(x)
    logits = layers.Dense(labels, dtype="float32", name="logits")(x)  # (B, labels)
    return keras.Model({"rgb": rgb, "binary": binary}, logits, name="compact")


def _branch(pixels: keras.KerasTensor) -> keras.KerasTensor:
    scaled = layers.Rescaling(1 / 255, name=f"{pixels.name}_scale")(pixels)
    return convolved(scaled, BRANCH, pixels.name, strides=2)  # 28 -> 14
