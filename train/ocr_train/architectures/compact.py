"""A thin residual network of two branches, joined early, at 14 x 14 (residual blocks: He et al., CVPR 2016).

With the default arguments less than half of the original's multiply-adds.
"""

from collections.abc import Callable, Sequence
from functools import partial

import keras
from keras import layers

from ocr_train.architectures.blocks import convolved, residual

Block = Callable[[keras.KerasTensor, str], keras.KerasTensor]

DROPOUT = 0.2


def build(
    labels: int,
    *,
    stem: tuple[int, int] = (3, 3),
    branch: int = 24,
    middle_blocks: int = 1,
    top: int = 96,
    top_blocks: int = 2,
    deep: int = 0,
    plain: bool = False,
    join: str = "early",
    blind: Sequence[str] = (),
) -> keras.Model:
    """Build the network.

    Args:
        labels: How many classes it tells apart.
        stem: Rows and columns that the first convolution of colour sees, and that of ink, in steps of two. 2 costs less
            than half of 3 where an int8 instruction takes many channels, since these layers have three or one.
        branch: Channels of each branch, at 14 x 14.
        middle_blocks: Residual blocks at 14 x 14.
        top: Channels at 7 x 7.
        top_blocks: Residual blocks there.
        deep: Channels of one more residual block at 4 x 4; 0 for none.
        plain: No way around the two convolutions of a block.
        join: ``early`` at 14 x 14, or ``late`` at 7 x 7: each branch has its own, half as wide, until then.
        blind: Inputs that are not seen, to measure what they are worth.

    Returns:
        A model from pixels 0..255 to logits; scaling to 0..1 happens inside.
    """
    rgb = keras.Input((28, 28, 3), name="rgb")
    binary = keras.Input((28, 28, 1), name="binary")  # 0 or 255
    branches = [
        _branch(pixels, branch, size, seen=pixels.name not in blind)
        for pixels, size in zip((rgb, binary), stem, strict=True)
    ]
    block = partial(residual, around=not plain)
    if join == "early":
        x = layers.Concatenate(name="join")(branches)  # (B, 14, 14, 2 * branch)
        x = _halved(x, top, middle_blocks, top_blocks, block, "")
    else:
        x = layers.Concatenate(name="join")(
            [
                _halved(x, top // 2, middle_blocks, top_blocks, block, name)
                for x, name in zip(branches, ("rgb_", "binary_"), strict=True)
            ]
        )
    if deep:
        x = block(convolved(x, deep, "deep", strides=2), "deep_1")  # (B, 4, 4, deep)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(DROPOUT, name="dropout")(x)
    logits = layers.Dense(labels, dtype="float32", name="logits")(x)  # (B, labels)
    return keras.Model({"rgb": rgb, "binary": binary}, logits, name="compact")


def _halved(
    x: keras.KerasTensor, top: int, middle_blocks: int, top_blocks: int, block: Block, prefix: str
) -> keras.KerasTensor:
    """Blocks at 14 x 14, half the side, and blocks at 7 x 7."""
    for number in range(middle_blocks):
        x = block(x, f"{prefix}middle_{number + 1}" if number else f"{prefix}middle")
    x = convolved(x, top, f"{prefix}down", strides=2)  # (B, 7, 7, top)
    for number in range(top_blocks):
        x = block(x, f"{prefix}top_{number + 1}")
    return x


def _branch(pixels: keras.KerasTensor, filters: int, size: int, *, seen: bool) -> keras.KerasTensor:
    scaled = layers.Rescaling(seen / 255, name=f"{pixels.name}_scale")(pixels)
    return convolved(scaled, filters, pixels.name, size=size, strides=2)  # 28 -> 14
