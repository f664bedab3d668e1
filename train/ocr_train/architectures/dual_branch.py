"""The original project's network: a convolutional branch for colour, one for binary, then dense layers."""

import keras
from keras import layers

FILTERS = (64, 128, 256)


def build(labels: int) -> keras.Model:
    """Build the two-branch network; 1,961,278 parameters for 62 labels.

    Args:
        labels: How many classes it tells apart.

    Returns:
        A model from pixels 0..255 to logits; scaling to 0..1 happens inside.
    """
    rgb = keras.Input((28, 28, 3), name="rgb")
    binary = keras.Input((28, 28, 1), name="binary")  # 0 or 255
    x = layers.Concatenate(name="join")([_branch(rgb), _branch(binary)])  # (B, 4608)
    for width in (256, 128):
        x = layers.Dense(width, activation="relu", name=f"dense_{width}")(x)  # (B, width)
        x = layers.Dropout(0.5, name=f"dropout_{width}")(x)
    logits = layers.Dense(labels, dtype="float32", name="logits")(x)  # (B, labels)
    return keras.Model({"rgb": rgb, "binary": binary}, logits, name="dual_branch")


def _branch(pixels: keras.KerasTensor) -> keras.KerasTensor:
    name = pixels.name
    x = layers.Rescaling(1 / 255, name=f"{name}_scale")(pixels)
    for filters in FILTERS:
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_conv_{filters}")(x)
        x = layers.MaxPooling2D(2, name=f"{name}_pool_{filters}")(x)  # 28 -> 14 -> 7 -> 3
    return layers.Flatten(name=f"{name}_flat")(x)  # (B, 3 * 3 * 256)
