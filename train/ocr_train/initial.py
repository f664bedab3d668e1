"""The weights of a trained network as the beginning of a larger one."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from ocr_edge.errors import ConfigError
from ocr_train.record import record_of

_LOGGER = logging.getLogger(__name__)

Weights = npt.NDArray[np.float32]


def start_from(model: keras.Model, initial: Path, labels: Sequence[str]) -> None:
    """Give a network the weights of a trained one.

    It may know more labels: the mean of the old rows stands for each new one. It scores the mean of the others and so
    never the most: until it is trained, a new label is never said. And convolutions may be 3x3 where the trained ones
    are 2x2 (Net2Net, Chen et al., ICLR 2016): what they see in addition counts nothing at first, and in steps of two
    the network then says the same.

    Args:
        model: The network.
        initial: A ``.keras`` file, with the record of its training beside it where labels are added.
        labels: What ``model`` tells apart.

    Raises:
        ConfigError: The file is no network of such a shape.
    """
    record = record_of(initial)
    known = json.loads(record.read_text()).get("labels", ()) if record.is_file() else ()
    rows = [labels.index(label) for label in known] if set(known) <= set(labels) else []
    try:
        trained = keras.models.load_model(initial, compile=False).get_weights()
        shapes = [weight.shape for weight in model.get_weights()]
        model.set_weights([_fitted(*pair, rows) for pair in zip(trained, shapes, strict=True)])
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{initial}: not a network to start from ({str(error).splitlines()[0]})") from error
    grew = trained[-1].shape != shapes[-1]
    if grew and (new := [label for label in labels if known and label not in known]):
        _LOGGER.info("%s: started without knowing %s", initial, " ".join(new))


def _fitted(weight: Weights, shape: tuple[int, ...], rows: Sequence[int]) -> Weights:
    """A weight in the shape that is wanted, if it can be brought into it; else as it is."""
    if weight.shape[:-1] == shape[:-1] and weight.shape[-1:] == (len(rows),) and len(rows) < shape[-1]:
        grown = np.repeat(weight.mean(axis=-1, keepdims=True), shape[-1], axis=-1)
        grown[..., rows] = weight
        return np.asarray(grown, np.float32)
    if (weight.shape[:2], weight.shape[2:], shape[:2]) == ((2, 2), shape[2:], (3, 3)):
        return np.pad(weight, [(0, 1), (0, 1), (0, 0), (0, 0)])
    return weight
