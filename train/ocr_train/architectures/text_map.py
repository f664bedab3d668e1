"""A network that sees where text is, in the whole picture at once.

Residual convolutions at a quarter to a thirty-second of the resolution, joined from the coarsest to the finest by
addition (Lin et al., CVPR 2017). No layer looks wider than a convolution does, so that one set of weights fits every
size of picture, and all quantizes well.
"""

from collections.abc import Sequence

import keras
from keras import layers

from ocr_train.architectures.blocks import convolved, residual


def build(
    *,
    stem: int = 12,
    body: Sequence[int] = (24, 48, 80, 96),
    blocks: Sequence[int] = (1, 1, 1, 1),
    joint: int = 24,
) -> keras.Model:
    """Build it.

    Args:
        stem: Channels at half the resolution.
        body: Channels at a quarter, an eighth, a sixteenth and a thirty-second.
        blocks: Residual blocks at each.
        joint: Channels in which they are joined.

    Returns:
        Input ``rgb`` (B, H, W, 3), 0..255, both sides multiples of 32; output ``text`` (B, H / 4, W / 4, 1),
        probabilities.
    """
    rgb = keras.Input((None, None, 3), name="rgb")
    x = layers.Rescaling(1 / 255, name="rgb_scale")(rgb)
    x = convolved(x, stem, "stem", strides=2)  # (B, H/2, W/2, 12)
    levels = []
    for level, (filters, count) in enumerate(zip(body, blocks, strict=True)):
        x = convolved(x, filters, f"down{level}", strides=2)  # (B, H/4, W/4, 24) and so on
        for number in range(count):
            x = residual(x, f"level{level}{chr(ord('a') + number)}")
        levels.append(x)
    x = convolved(levels.pop(), joint, "lateral3", size=1)
    for level in reversed(range(len(levels))):
        x = layers.UpSampling2D(2, name=f"up{level}")(x)
        x = layers.Add(name=f"join{level}")([x, convolved(levels[level], joint, f"lateral{level}", size=1)])
    x = convolved(x, joint, "head")  # (B, H/4, W/4, 24)
    x = layers.Conv2D(1, 1, dtype="float32", name="score")(x)
    return keras.Model(
        {"rgb": rgb}, layers.Activation("sigmoid", dtype="float32", name="text")(x), name="text_map"
    )
