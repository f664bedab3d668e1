"""Training on several devices or machines, batch by batch; Keras's own loop wants all batches of one shape."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import keras
import numpy as np

from ocr_edge.errors import OcrEdgeError
from ocr_train.average import Average
from ocr_train.checkpoint import float_model
from ocr_train.devices import Machines
from ocr_train.recipe import AnyRecipe
from ocr_train.stream import signature, stream

_LOGGER = logging.getLogger(__name__)


def judge(model: keras.Model, recipe: AnyRecipe, machines: Machines) -> keras.Model:
    """The network that is measured: the trained one, or a copy where its predictions are a matter of all devices.

    Chance is drawn on, so call it before a run's random state is restored.
    """
    return model if machines.strategy is None else float_model(model.get_weights(), recipe)


@contextmanager
def judging(judged: keras.Model, model: keras.Model, average: Average | None) -> Iterator[None]:
    """Let the measured network have the weights of now, or their average, for a while."""
    if judged is not model:
        judged.set_weights(average.weights if average else model.get_weights())
        yield
        return
    with average.taken() if average else nullcontext():
        yield


def _share_statistics(model: keras.Model, machines: Machines) -> None:
    """Let all machines have the mean of what batch normalisation has seen; each has kept its own during the epoch."""
    mine = [v for v in model.non_trainable_variables if v.dtype == "float32"]
    if not mine:
        return
    values = [keras.ops.convert_to_numpy(variable) for variable in mine]
    flat = np.concatenate([value.ravel() for value in values])
    mean = np.array(machines.total(*flat.tolist()), np.float32) / machines.count
    for variable, value, part in zip(
        mine, values, np.split(mean, np.cumsum([v.size for v in values])[:-1]), strict=True
    ):
        variable.assign(part.reshape(value.shape))


def train(
    model: keras.Model, batches: keras.utils.PyDataset, machines: Machines, callbacks: Sequence[Any]
) -> dict[str, float]:
    """Train one epoch.

    Every machine brings its own batches, as many as the others; its devices share each of them. The gradients of all
    are averaged before each step, so all hold the same weights at any time.

    Args:
        model: Compiled in the strategy's scope.
        batches: This machine's.
        machines: What trains together.
        callbacks: Told of every step's end.

    Returns:
        The model's metrics over the epoch, ``loss`` among them.

    Raises:
        OcrEdgeError: Another machine is gone.
    """
    import tensorflow as tf  # noqa: PLC0415 - not needed by the other backends

    strategy = machines.strategy
    local = strategy.num_replicas_in_sync // machines.count

    @tf.function(input_signature=signature(model, batches[0][1]))  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(pixels: Any, targets: Any) -> Any:
        def mine() -> Any:
            place = tf.distribute.get_replica_context().replica_id_in_sync_group % local
            share = {name: values[place::local] for name, values in pixels.items()}
            return model.train_step((share, targets[place::local]))

        return strategy.run(mine)

    model.reset_metrics()
    try:
        for index, (pixels, targets) in enumerate(stream(batches)):
            logs = step({name: tf.constant(v) for name, v in pixels.items()}, tf.constant(targets))
            first = {name: float(strategy.experimental_local_results(v)[0]) for name, v in logs.items()}
            for callback in callbacks:
                callback.on_train_batch_end(index, first)
        _share_statistics(model, machines)
        return {name: float(value) for name, value in model.get_metrics_result().items()}
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError) as error:
        if machines.count == 1:
            raise
        _LOGGER.debug("%s", error)
        raise OcrEdgeError("another machine is gone; start all of them again with --resume") from error
