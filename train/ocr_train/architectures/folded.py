"""A thin residual network of two branches for processors with wide int8 instructions.

A convolution over one or three channels leaves most of such an instruction empty. So four neighbouring columns
become channels first (Shi et al., CVPR 2016), which moves no byte: 28 x 28 x 3 is 28 x 7 x 12. One convolution then
looks at 8 x 12 pixels in steps of four, and all else happens at 7 x 7 and 4 x 4, in residual blocks (He et al., CVPR
2016).
"""

import keras
from keras import layers

from ocr_train.architectures.blocks import convolved, residual

FOLD = 4
"""Columns that become channels."""
DROPOUT = 0.1


def build(
    labels: int,
    *,
    branch: int = 32,
    top: int = 64,
    top_blocks: int = 1,
    deep: int = 128,
    deep_blocks: int = 1,
) -> keras.Model:
    """Build the network.

    Args:
        labels: How many classes it tells apart.
        branch: Channels of each branch, at 7 x 7.
        top: Channels of both joined, at 7 x 7.
        top_blocks: Residual blocks at 7 x 7.
        deep: Channels at 4 x 4.
        deep_blocks: Residual blocks at 4 x 4.

    Returns:
        A model from pixels 0..255 to logits; scaling to 0..1 happens inside.
    """
    rgb = keras.Input((28, 28, 3), name="rgb")
    binary = keras.Input((28, 28, 1), name="binary")  # 0 or 255
    x = layers.Concatenate(name="join")(
        [_branch(pixels, branch) for pixels in (rgb, binary)]
    )  # (B, 7, 7, 2 * branch)
    x = _blocks(x, top, top_blocks, "top")
    x = convolved(x, deep, "down", strides=2)  # (B, 4, 4, deep)
    x = _blocks(x, deep, deep_blocks, "deep")
    x = layers.GlobalAveragePooling2D(name="pool")(x)  # (B, deep)
    x = layers.Dropout(DROPOUT, name="dropout")(x)
    logits = layers.Dense(labels, dtype="float32", name="logits")(x)  # (B, labels)
    return keras.Model({"rgb": rgb, "binary": binary}, logits, name="folded")


def _branch(pixels: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    rows, columns, channels = pixels.shape[1:]
    x = layers.Reshape((rows, columns // FOLD, FOLD * channels), name=f"{pixels.name}_fold")(pixels)
    x = layers.Rescaling(1 / 255, name=f"{pixels.name}_scale")(x)
    return convolved(x, filters, pixels.name, size=(8, 3), strides=(FOLD, 1))  # 28 x 7 -> 7 x 7


def _blocks(x: keras.KerasTensor, filters: int, count: int, name: str) -> keras.KerasTensor:
    """Residual blocks of so many channels, after a convolution where ``x`` has another number of them."""
    if x.shape[-1] != filters:
        x = convolved(x, filters, name)
    for number in range(1, count + 1):
        x = residual(x, f"{name}_{number}")
    return x
