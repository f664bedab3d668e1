"""Learning-rate schedules as Keras objects, so that they are saved with the optimizer and resume with it."""

import math

import keras

from ocr_train.recipe import AnyRecipe

SETTLED = 20
"""How often an average over batches may be renewed in a training: e to the -20 of where it began is left."""
LEAST_MOMENTUM = 0.5
"""Share of an average that one batch leaves at least: the statistics of a single batch are chance."""


def optimizer(recipe: AnyRecipe) -> keras.optimizers.Optimizer:
    """Adam, or AdamW where the recipe decays weights, with the recipe's schedule."""
    rate = learning_rate(recipe)
    if recipe.weight_decay > 0:
        made = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
        made.exclude_from_weight_decay(var_names=["bias"])
        return made
    return keras.optimizers.Adam(rate)


def learning_rate(recipe: AnyRecipe) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The recipe's rate for each step: linear warm-up, then half a cosine to zero.

    The cosine is that of Loshchilov & Hutter, SGDR, ICLR 2017, without restarts.

    Returns:
        A number where the schedule is ``constant``, else a schedule over ``epochs * steps`` steps.
    """
    if recipe.schedule == "constant":
        return recipe.learning_rate
    total = recipe.epochs * recipe.steps
    warmup = min(math.ceil(recipe.warmup_epochs * recipe.steps), total - 1)
    return keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 20,
        decay_steps=max(1, total - warmup),
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
    )


def settle_statistics(model: keras.Model, recipe: AnyRecipe) -> None:
    """Let batch normalisation's averages keep up with a training of few steps.

    With Keras's momentum of 0.99 an average still holds a third of where it began after a hundred steps, and a network
    that has learned everything validates as if it knew nothing. A long training keeps its momentum.
    """
    steps = recipe.epochs * recipe.steps
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, max(LEAST_MOMENTUM, 1 - SETTLED / steps))
