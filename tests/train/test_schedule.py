"""The learning rate over a training, and which weights decay."""

import keras
import numpy as np
import pytest

from ocr_train.recipe import Recipe, Source
from ocr_train.schedule import learning_rate, optimizer, settle_statistics


def recipe(**changes):
    settings = {"epochs": 4, "epoch_samples": 100, "batch_size": 10, "learning_rate": 0.01} | changes
    return Recipe(architecture="dual_branch", sources=(Source(data="tar:a", weight=1.0),), **settings)


def rate(schedule, step):
    return float(keras.ops.convert_to_numpy(schedule(step)))


def test_the_rate_warms_up_to_its_peak_and_falls_to_zero():
    schedule = learning_rate(recipe(warmup_epochs=1.0))
    rates = [rate(schedule, step) for step in range(41)]
    assert rates[0] == pytest.approx(0.01 / 20)
    assert rates[10] == pytest.approx(0.01)
    assert np.argmax(rates) == 10
    assert rates[25] == pytest.approx(0.005)
    assert rates[40] == pytest.approx(0.0, abs=1e-9)


def test_without_a_warm_up_the_rate_starts_at_its_peak():
    assert rate(learning_rate(recipe(warmup_epochs=0.0)), 0) == pytest.approx(0.01)


def test_a_warm_up_longer_than_the_training_still_reaches_no_further_than_the_peak():
    schedule = learning_rate(recipe(warmup_epochs=9.0))
    assert max(rate(schedule, step) for step in range(41)) <= 0.01 * (1 + 1e-6)


def test_a_training_of_one_step_has_a_schedule():
    schedule = learning_rate(recipe(epochs=1, epoch_samples=10))
    assert rate(schedule, 0) == pytest.approx(0.01)


def test_a_constant_rate_is_a_number():
    assert learning_rate(recipe(schedule="constant")) == 0.01


def test_weights_decay_where_the_recipe_says_so_and_biases_never():
    made = optimizer(recipe(weight_decay=0.1))
    kernel, bias = keras.Variable(np.ones((2, 2)), name="kernel"), keras.Variable(np.ones(2), name="bias")
    made.build([kernel, bias])
    assert made._use_weight_decay(kernel)
    assert not made._use_weight_decay(bias)
    assert optimizer(recipe()).weight_decay is None


@pytest.mark.parametrize(("samples", "momentum"), [(300, 1 - 20 / 120), (1e6, 0.99), (10, 0.5)])
def test_statistics_keep_up_with_a_training_of_few_steps(samples, momentum):
    model = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization()])
    settle_statistics(model, recipe(epoch_samples=int(samples)))
    assert model.layers[-1].momentum == pytest.approx(momentum)
