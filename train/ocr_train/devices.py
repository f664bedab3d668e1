"""Several devices of one machine, or several machines, through TensorFlow's own distribution."""

import contextlib
import logging
import os
from dataclasses import dataclass
from typing import Any

import keras
import msgspec

from ocr_edge.errors import ConfigError
from ocr_train.recipe import AnyRecipe, Recipe
from ocr_train.scenes.recipe import SceneRecipe

_LOGGER = logging.getLogger(__name__)
VARIABLE = "TF_CONFIG"
"""Environment variable in which TensorFlow is told which machines there are, and which of them this is."""
EXPECTED = '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}'


class _Cluster(msgspec.Struct):
    worker: tuple[str, ...]


class _Task(msgspec.Struct):
    type: str
    index: int


class _Config(msgspec.Struct):
    cluster: _Cluster
    task: _Task


@dataclass(frozen=True, slots=True)
class Machines:
    """What trains together.

    Attributes:
        strategy: A ``tf.distribute`` strategy over all devices of all machines; None for Keras's own choice of one.
        rank: Which of the machines this is, from 0. Machine 0, the chief, alone writes files.
        count: How many there are.
    """

    strategy: Any = None
    rank: int = 0
    count: int = 1

    def scope(self) -> Any:
        """Where a network is made that all of them hold."""
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    @property
    def is_chief(self) -> bool:
        """Whether this machine writes the files."""
        return self.rank == 0

    @property
    def is_mirror(self) -> bool:
        """Whether several devices of one machine share each batch."""
        return self.strategy is not None and self.count == 1

    def turn(self, epoch: int) -> int:
        """Which epoch's batches this machine takes: those of every machine and epoch are different ones."""
        return epoch * self.count + self.rank

    def total(self, *values: float) -> list[float]:
        """The sum of each value over the machines. All of them must ask."""
        if self.strategy is None:
            return list(values)
        import tensorflow as tf  # noqa: PLC0415 - there may be none beside another backend

        local = self.strategy.num_replicas_in_sync // self.count

        def mine() -> Any:
            context = tf.distribute.get_replica_context()
            is_first = tf.cast(context.replica_id_in_sync_group % local == 0, tf.float64)
            return context.all_reduce("sum", is_first * tf.constant(values, tf.float64))

        added = tf.function(lambda: self.strategy.run(mine))()
        return [float(value) for value in self.strategy.experimental_local_results(added)[0]]

    def chiefs(self, *values: float) -> list[float]:
        """The chief's values, whatever the others give. All of them must ask."""
        return self.total(*(value if self.is_chief else 0.0 for value in values))

    def are_alike(self, value: int) -> bool:
        """Whether all machines have the same number, at most a million. All of them must ask."""
        total, squares = self.total(value, value**2)
        return bool(self.count * squares == total**2)


ALONE = Machines()


def together(devices: int, recipe: AnyRecipe) -> Machines:
    """The devices that ``--devices`` and ``TF_CONFIG`` ask for.

    Args:
        devices: How many devices of this machine share each batch.
        recipe: What is trained.

    Raises:
        ConfigError: They cannot be had, or both are given.
    """
    if os.environ.get(VARIABLE):
        if devices > 1:
            raise ConfigError(f"--devices {devices}: with {VARIABLE} every device of every machine is used")
        return clustered(os.environ[VARIABLE])
    return Machines(mirrored(devices, recipe)) if devices > 1 else ALONE


def clustered(config: str) -> Machines:
    """Several machines, each of which makes batches of its own and learns from the gradients of all.

    Args:
        config: JSON as in ``EXPECTED``. The call waits until all of them have made it.

    Raises:
        ConfigError: The text is no such JSON, or the backend is not TensorFlow.
    """
    try:
        found = msgspec.json.decode(config, type=_Config)
    except msgspec.DecodeError as error:
        raise ConfigError(f"{VARIABLE}: {error}; expected {EXPECTED}") from error
    count = len(found.cluster.worker)
    if found.task.type != "worker" or not 0 <= found.task.index < count:
        raise ConfigError(
            f"{VARIABLE}: task {found.task.type} {found.task.index} is none of the {count} workers;"
            f" expected {EXPECTED}"
        )
    if keras.backend.backend() != "tensorflow":
        raise ConfigError(
            f"{VARIABLE}: needs the TensorFlow backend, KERAS_BACKEND is {keras.backend.backend()}"
        )
    import tensorflow as tf  # noqa: PLC0415 - there may be none beside another backend

    _LOGGER.info("machine %d of %d; waiting for the others", found.task.index, count)
    return Machines(tf.distribute.MultiWorkerMirroredStrategy(), found.task.index, count)


def mirrored(devices: int, recipe: AnyRecipe) -> Any:
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
    if (smallest := _smallest(recipe)) < devices:
        which, keys = ("a batch of the widest strips", "batch_columns or widths")
        if isinstance(recipe, Recipe):
            which, keys = ("the last batch of an epoch", "batch_size or epoch_samples")
        elif isinstance(recipe, SceneRecipe):
            which, keys = ("a batch", "batch_size")
        raise ConfigError(f"--devices {devices}: {which} has only {smallest}; change {keys}")
    _LOGGER.info("training on %d devices", devices)
    return tf.distribute.MirroredStrategy([device.name for device in found[:devices]])


def _smallest(recipe: AnyRecipe) -> int:
    """Samples of an epoch's smallest batch."""
    if isinstance(recipe, Recipe):
        return recipe.epoch_samples % recipe.batch_size or recipe.batch_size
    if isinstance(recipe, SceneRecipe):
        return recipe.batch_size
    return min(recipe.batch_size(int(width)) for width in recipe.widths)
