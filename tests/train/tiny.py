"""A network of characters that is built, traced and taught in a second."""

import keras


def tiny(labels):
    """A network that learns three shapes in seconds."""
    rgb, binary = keras.Input((28, 28, 3), name="rgb"), keras.Input((28, 28, 1), name="binary")
    scaled = (keras.layers.Rescaling(1 / 255)(pixels) for pixels in (rgb, binary))
    x = keras.layers.Concatenate()([keras.layers.Conv2D(6, 5, strides=3)(x) for x in scaled])
    x = keras.layers.Conv2D(8, 3, strides=2, use_bias=False)(x)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.8)(x))
    logits = keras.layers.Dense(labels, name="logits")(keras.layers.Flatten()(x))
    return keras.Model({"rgb": rgb, "binary": binary}, logits, name="tiny")
