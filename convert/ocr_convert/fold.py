"""A trained network rewritten for conversion: batch 1, the input scaling folded into the first convolution."""

from collections.abc import Mapping

import keras
import numpy as np
from keras import layers

from ocr_edge.errors import ConfigError
from ocr_edge.recognize.interpreter import INPUTS
from ocr_train import architectures


def fold(
    model: keras.Model,
    width: int | None = None,
    height: int | None = None,
    instead: Mapping[type[keras.Layer], type[keras.Layer]] = {},
) -> keras.Model:
    """Rebuild a network without its rescaling layers; it computes the same from the same pixels.

    A rescaling left in the graph becomes a multiplication over the whole input, which on int8 costs both time and
    accuracy. Scaling a convolution's kernel instead is exact, as long as nothing is added (an offset would not
    survive zero padding).

    Args:
        model: A network with inputs ``rgb`` and ``binary``.
        width: Columns of its inputs where they may have any; the converted network can be resized to others.
        height: The same of their rows.
        instead: Layers without weights that are replaced by others.

    Returns:
        A float32 network with a fixed batch of one.

    Raises:
        ConfigError: A rescaling layer adds an offset or feeds something other than one convolution or dense layer.
    """
    scales: dict[str, float] = {}
    for layer in model.layers:
        if isinstance(layer, layers.Rescaling):
            followers = [node.operation for node in layer._outbound_nodes]
            if np.any(layer.offset) or not all(
                isinstance(f, layers.Conv2D | layers.Dense) for f in followers
            ):
                raise ConfigError(
                    f"layer {layer.name}: only a scaling without offset before a convolution can be folded"
                )
            for follower in followers:
                scales[follower.name] = float(layer.scale)

    def replace(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, layers.Rescaling):
            return layers.Identity(name=layer.name)
        if type(layer) in instead:
            return instead[type(layer)](name=layer.name)
        return layer.__class__.from_config({**layer.get_config(), "dtype": "float32"})

    inputs = {
        name: keras.Input((shape[1] or height, shape[2] or width, shape[3]), batch_size=1, name=name)
        for name, shape in input_shapes(model).items()
    }
    folded = keras.models.clone_model(model, input_tensors=inputs, clone_function=replace)
    for layer in folded.layers:
        weights = model.get_layer(layer.name).get_weights()
        if layer.name in scales:
            weights[0] = weights[0] * np.float32(scales[layer.name])
        if not isinstance(layer, layers.InputLayer):
            layer.set_weights(weights[: len(layer.weights)])
    return folded


def floor_logits(folded: keras.Model, floor: float) -> keras.Model:
    """Cut off logits below a floor, in the activation of the last layer, where it costs nothing.

    An int8 output has 256 steps for the whole range of the logits, and half of that range lies below anything that
    matters. Steps too coarse make look-alikes tie. A constant more or less on all logits changes no probability.

    Args:
        folded: From ``fold``; its last layer is a dense layer ``logits`` without activation.
        floor: Logits below it become equal to it.

    Returns:
        A network whose output is ``max(logits, floor) - floor``.
    """
    last = folded.get_layer("logits")
    kernel, bias = last.get_weights()
    clipped = layers.Dense(len(bias), activation="relu", name="logits")
    outputs = clipped(last.input)
    clipped.set_weights([kernel, bias - np.float32(floor)])
    return keras.Model(folded.inputs, outputs, name=folded.name)


def fold_line(model: keras.Model, width: int, floor: float) -> keras.Model:
    """A network that reads lines, folded, with logits below a floor cut off; see ``floor_logits``.

    Args:
        model: Its convolution ``scores`` gives what ``logits`` passes on.
        width: Columns of its inputs.
        floor: Logits below it become equal to it.
    """
    folded = fold(model, width)
    last = folded.get_layer("scores")
    kernel, bias = last.get_weights()
    clipped = layers.Conv2D(len(bias), 1, activation="relu", name="scores")
    logits = folded.get_layer("logits")
    again = logits.__class__.from_config({**logits.get_config(), "dtype": "float32"})
    outputs = again(clipped(last.input))
    clipped.set_weights([kernel, bias - np.float32(floor)])
    return keras.Model(folded.inputs, outputs, name=folded.name)


def input_shapes(model: keras.Model) -> dict[str, tuple[int | None, ...]]:
    """The shape of each input by its name, batch first.

    Raises:
        ConfigError: The inputs are not ``rgb`` and ``binary``, or ``rgb`` alone.
    """
    shapes = {tensor.name: tuple(tensor.shape) for tensor in model.inputs}
    if set(shapes) not in INPUTS:
        raise ConfigError(
            f"the network's inputs are {', '.join(shapes)}, expected rgb and binary; see --adopt"
        )
    return shapes


def line_macs(model: keras.Model, width: int) -> int:
    """Multiply-adds for a strip of a width."""
    return macs(fold(model, width))


def macs(model: keras.Model) -> int:
    """Multiply-adds for one character."""
    return sum(architectures.macs(layer) for layer in model.layers)
