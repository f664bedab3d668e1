"""Trainings in processes of their own: Ctrl-C, two devices, PyTorch."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.edge.daemon_process import hear_ctrl_c
from tests.train import fit_parts as parts
from tests.train.fit_parts import progress, recipe, weights

import ocr_edge
import ocr_train
from ocr_train.recipe import as_toml

data = parts.data


def run(*args, script="from ocr_train.cli import main; import sys; sys.exit(main())", **options):
    paths = [str(Path(package.__file__).parents[1]) for package in (ocr_edge, ocr_train)]
    paths += filter(None, [os.environ.get("PYTHONPATH")])
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), **options.pop("env", {})}
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)],
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=hear_ctrl_c,
        **options,
    )


def test_ctrl_c_leaves_a_run_that_goes_on_and_says_how(data, tmp_path):
    settings = recipe(epochs=99, epoch_samples=200, schedule="constant")
    (tmp_path / "r.toml").write_text(as_toml(settings))
    process = run("fit", "r.toml", "--out", "run", "--data", data, cwd=tmp_path, start_new_session=True)
    seen = []
    for line in process.stderr:
        seen.append(line)
        if line.startswith("epoch 1 of 99: loss"):
            break
    assert seen[-1].startswith("epoch 1"), "".join(seen)
    # To all processes, as a terminal does.
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert out == ""
    assert f"ocr-train fit r.toml --out run --resume --data {data}" in error
    assert "Traceback" not in error
    assert len(progress(tmp_path / "run")["epochs"]) >= 1


TWO_DEVICES = """
import sys, json
import keras, tensorflow as tf
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
from pathlib import Path
from ocr_train import fit, recipe
from ocr_train.devices import Machines, mirrored
from ocr_edge.errors import ConfigError
# Without dropout, whose masks are drawn on each device, two devices must compute what one does.
keras.layers.Dropout = lambda rate, name: keras.layers.Identity(name=name)
settings = recipe.load(Path(sys.argv[1]))
strategy = mirrored(2, settings)
zeros = strategy.run(lambda: tf.zeros(()) + 1)
devices = {part.device for part in strategy.experimental_local_results(zeros)}
values = []
train = fit._train
def spy(model, *rest):
    entry = train(model, *rest)
    values.append(model.get_layer("logits").kernel.value)
    return entry
fit._train = spy
for name, chosen in (("two", strategy), ("one", None)):
    fit.fit(settings, Path(name), data=sys.argv[2], workers=0, machines=Machines(chosen))
parts = strategy.experimental_local_results(values[0])
print(json.dumps({"devices": len(devices), "copies": [part.device for part in parts]}))
few = recipe.msgspec.structs.replace(settings, epoch_samples=9)
for number, wanted in ((3, settings), (2, few)):
    try:
        mirrored(number, wanted)
    except ConfigError as error:
        print(error)
"""


def test_two_devices_share_a_batch_and_learn_what_one_learns(data, tmp_path):
    pytest.importorskip("tensorflow")
    (tmp_path / "r.toml").write_text(as_toml(recipe(epochs=2, epoch_samples=8)))
    process = run("r.toml", data, script=TWO_DEVICES, cwd=tmp_path, env={"KERAS_BACKEND": "tensorflow"})
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    first, second, third = out.splitlines()
    assert json.loads(first)["devices"] == 2
    assert len(set(json.loads(first)["copies"])) == 2
    assert "TensorFlow sees only 2 (CPU:0, CPU:1)" in second
    assert "the last batch of an epoch has only 1" in third
    one, two = (progress(tmp_path / name)["epochs"] for name in ("one", "two"))
    np.testing.assert_allclose([e["loss"] for e in one], [e["loss"] for e in two], rtol=1e-4)


@pytest.mark.torch
def test_the_same_recipe_trains_with_pytorch(data, tmp_path):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    (tmp_path / "r.toml").write_text(as_toml(recipe(epochs=2, weight_decay=0.01)))
    for extra in ((), ("--resume",)):
        arguments = ["fit", "r.toml", "--out", "run", "--data", data, *extra]
        process = run(*arguments, cwd=tmp_path, env={"KERAS_BACKEND": "torch"})
        _, error = process.communicate(timeout=300)
        assert process.returncode == 0, error
    assert json.loads((tmp_path / "run" / "run.json").read_text())["versions"]["backend"] == "torch"
    # A file of one backend is read by the other.
    assert len(weights(tmp_path / "run" / "model.keras")) == 18
