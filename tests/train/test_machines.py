"""Training on several machines: processes on this one, which know of each other through TF_CONFIG."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.train import line_data

from ocr_edge.errors import ConfigError
from ocr_train import devices
from ocr_train.recipe import as_toml

ROOT = Path(__file__).parents[2]
WORKER = """
import sys
sys.path.insert(0, sys.argv.pop(1))
weights = sys.argv.pop(1)
import numpy as np
from ocr_train import architectures, distributed
from ocr_train.cli import main
from tests.train import line_data
architectures.LINES["tiny_line"] = line_data.tiny
train, seen = distributed.train, []
def spy(model, batches, *rest):
    seen.append(batches[0][1].sum())
    logs = train(model, batches, *rest)
    np.savez(weights, *model.get_weights(), seen=seen)
    return logs
distributed.train = spy
sys.exit(main())
"""


def free_ports(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def together(folder, *words, outs):
    """Run a command on two machines; their exit codes and what they said."""
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(2)]}
    processes = []
    for rank, out in enumerate(outs):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": rank}})
        paths = [str(ROOT), f"weights-{rank}.npz"]
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", WORKER, *paths, *words, "--out", out],
                cwd=folder,
                env=os.environ | {"TF_CONFIG": config, "KERAS_BACKEND": "tensorflow"},
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
    said = [process.communicate(timeout=180) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    return said


def test_two_machines_learn_the_same_from_different_batches_and_one_of_them_writes(tmp_path):
    pytest.importorskip("tensorflow")
    line_data.archive(tmp_path / "lines.tar")
    (tmp_path / "r.toml").write_text(as_toml(line_data.recipe(epochs=2, steps=3)))
    said = together(tmp_path, "fit", "r.toml", "--data", ".", "--workers", "0", outs=("first", "second"))
    with np.load(tmp_path / "weights-0.npz") as one, np.load(tmp_path / "weights-1.npz") as two:
        assert len(one.files) > 5
        assert not np.array_equal(one["seen"], two["seen"])
        assert all(np.array_equal(one[key], two[key]) for key in one.files if key != "seen")
    assert said[0][0] == "first/model.keras\n"
    assert said[1][0] == ""
    assert len(json.loads((tmp_path / "first" / "progress.json").read_text())["epochs"]) == 2
    assert not list((tmp_path / "second").iterdir())


# What is refused.


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("{", "TF_CONFIG: Input data was truncated; expected {"),
        ('{"cluster": {"worker": ["a:1"]}}', "missing required field `task`"),
        (
            '{"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}',
            "missing required field `worker`",
        ),
        (
            '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
            "task worker 2 is none of the 2 workers",
        ),
    ],
)
def test_a_malformed_cluster_is_refused(config, complaint, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(ConfigError) as raised:
        devices.together(1, line_data.recipe())
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


def test_another_backend_and_the_flag_for_devices_are_refused_with_a_cluster(monkeypatch):
    monkeypatch.setenv(
        "TF_CONFIG", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}'
    )
    with pytest.raises(ConfigError, match="--devices 2: with TF_CONFIG every device"):
        devices.together(2, line_data.recipe())
    monkeypatch.setattr(devices.keras.backend, "backend", lambda: "torch")
    with pytest.raises(ConfigError, match="TF_CONFIG: needs the TensorFlow backend, KERAS_BACKEND is torch"):
        devices.together(1, line_data.recipe())


def test_a_batch_of_the_widest_strips_must_reach_for_all_devices(monkeypatch):
    monkeypatch.setattr("tensorflow.config.list_logical_devices", lambda kind: [None] * 5)
    with pytest.raises(ConfigError, match="a batch of the widest strips has only 4; change batch_columns"):
        devices.mirrored(5, line_data.recipe())


def test_one_device_is_alone_and_agrees_with_itself():
    alone = devices.together(1, line_data.recipe())
    assert alone.is_chief
    assert alone.turn(3) == 3
    assert alone.are_alike(7)
    assert alone.chiefs(1.5, -2.0) == [1.5, -2.0]


def test_machines_take_the_batches_of_different_epochs():
    turns = [devices.Machines(None, rank, 3).turn(epoch) for epoch in range(4) for rank in range(3)]
    assert turns == list(range(12))
