"""Parts that networks are made of. Conversion folds batch normalisation into the convolution before it."""

import keras
from keras import layers


def residual(
    x: keras.KerasTensor, name: str, *, around: bool = True, size: int | tuple[int, int] = 3
) -> keras.KerasTensor:
    """Two convolutions and, unless told otherwise, a way around them (He et al., CVPR 2016)."""
    y = convolved(x, x.shape[-1], f"{name}_a", size=size)
    y = convolved(y, x.shape[-1], f"{name}_b", size=size, relu=not around)
    if not around:
        return y
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))


def convolved(
    x: keras.KerasTensor,
    filters: int,
    name: str,
    *,
    size: int | tuple[int, int] = 3,
    strides: int | tuple[int, int] = 1,
    padding: str = "same",
    relu: bool = True,
) -> keras.KerasTensor:
    """A convolution, batch normalisation and, with ``relu``, a ReLU, which keeps int8 ranges one-sided."""
    x = layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x
