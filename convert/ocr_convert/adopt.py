"""Take in a network of the original project: ``ocr_model.h5``, inputs scaled outside the graph, softmax inside."""

from pathlib import Path

import keras
from keras import layers

from ocr_edge.errors import ConfigError
from ocr_train import architectures


def adopt(path: Path, labels: int, input_scale: float) -> keras.Model:
    """Copy the weights of an original network into the same architecture with our inputs and output.

    Args:
        path: The ``.h5`` file.
        labels: How many classes the caller says it has.
        input_scale: What its pixels were divided by before they went in; 255 in the original, 1 for raw pixels.

    Returns:
        A ``dual_branch`` network from pixels 0..255 to logits.

    Raises:
        ConfigError: The file cannot be read or holds another network.
    """
    try:
        original = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"{path}: not a Keras network that this version reads ({str(error).splitlines()[0]})"
        ) from error
    ours = architectures.build("dual_branch", labels)
    theirs = [layer for layer in original.layers if layer.weights]
    targets = [layer for layer in ours.layers if layer.weights]
    colour, gray = (_branch(theirs, channels) for channels in (3, 1))
    dense = [layer for layer in theirs if isinstance(layer, layers.Dense)]
    ordered = _interleave(targets, colour, gray) + dense
    if len(ordered) != len(targets):
        raise ConfigError(
            f"{path}: has {len(theirs)} layers with weights, expected the original's {len(targets)}"
        )
    for source, target in zip(ordered, targets, strict=True):
        if [w.shape for w in source.weights] != [w.shape for w in target.weights]:
            found, wanted = source.weights[0].shape, target.weights[0].shape
            raise ConfigError(
                f"{path}: layer {source.name} has shape {tuple(found)}, {target.name} needs {tuple(wanted)}"
            )
        target.set_weights(source.get_weights())
    for name in ("rgb_conv_64", "binary_conv_64"):
        kernel, bias = ours.get_layer(name).get_weights()
        # Ours divides pixels by 255 inside the graph; theirs saw pixels divided by input_scale.
        ours.get_layer(name).set_weights([kernel * (255.0 / input_scale), bias])
    return ours


def _branch(theirs: list[keras.Layer], channels: int) -> list[keras.Layer]:
    """The convolutions that lead on from the input with this many channels, in order."""
    chain = [c for c in theirs if isinstance(c, layers.Conv2D) and c.kernel.shape[2] == channels]
    while chain and (after := _next_convolution(chain[-1])) is not None:
        chain.append(after)
    return chain


def _next_convolution(layer: keras.Layer) -> keras.Layer | None:
    following = [node.operation for node in layer._outbound_nodes]
    while following:
        operation = following.pop(0)
        if isinstance(operation, layers.Conv2D):
            return operation
        if not isinstance(operation, layers.Dense):
            following += [node.operation for node in operation._outbound_nodes]
    return None


def _interleave(
    targets: list[keras.Layer], colour: list[keras.Layer], gray: list[keras.Layer]
) -> list[keras.Layer]:
    """Their convolutions in the order in which ours are listed."""
    queues = {"rgb": list(colour), "binary": list(gray)}
    ordered = []
    for target in targets:
        branch = target.name.split("_")[0]
        if queues.get(branch):
            ordered.append(queues[branch].pop(0))
    return ordered
