"""Several devices, through TensorFlow's own distribution."""

import logging
from typing import Any

import keras

from ocr_edge.errors import ConfigError
from ocr_train.recipe import Recipe

_LOGGER = logging.getLogger(__name__)


def mirrored(devices: int, recipe: Recipe) -> Any:
    """A ``tf.distribute.MirroredStrategy``: every device holds the network and takes a share of each batch.

    Args:
        devices: How many; the first GPUs, or the first logical CPUs where there is no GPU.
        recipe: What is trained.

    Returns:
        The strategy.

    Raises:
        ConfigError: The backend is not TensorFlow, there are fewer devices, or a batch is too small to share.
    """
    if keras.backend.backend() != "tensorflow":
        raise ConfigError(
            f"--devices {devices}: needs the TensorFlow backend, KERAS_BACKEND is {keras.backend.backend()}"
        )
    import tensorflow as tf  # noqa: PLC0415 - there may be none beside another backend

    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(found) < devices:
        names = ", ".join(device.name.removeprefix("/device:") for device in found)
        raise ConfigError(f"--devices {devices}: TensorFlow sees only {len(found)} ({names})")
    smallest = recipe.epoch_samples % recipe.batch_size or recipe.batch_size
    if smallest < devices:
        raise ConfigError(
            f"--devices {devices}: the last batch of an epoch has only {smallest};"
            " change batch_size or epoch_samples"
        )
    _LOGGER.info("training on %d devices", devices)
    return tf.distribute.MirroredStrategy([device.name for device in found[:devices]])
