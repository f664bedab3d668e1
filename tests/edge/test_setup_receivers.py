"""Receivers are tested from the page, and nothing of that looks like a reading."""

import json

import pytest

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("tomlkit", reason="tomlkit is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from ocr_edge.config.load import parse
from ocr_edge.errors import PublishError
from ocr_edge.sinks.trying import Receivers

from . import setup_parts as parts
from . import webhook_parts
from .broker import Broker, Listener, retained, until
from .setup_parts import TEXT, post

desk, client, receiver = parts.desk, parts.client, webhook_parts.receiver


def test_receivers_are_tested_and_nothing_looks_like_a_reading(tmp_path, client, desk, receiver):
    with_hook = TEXT + f'[files]\npath = "out.jsonl"\n[webhook]\nurl = "{receiver.url}"\n'
    receivers = Receivers(parse(with_hook, desk.path), "test", tmp_path)
    assert receivers.names == ["store", "stdout", "files", "webhook"]
    desk.parts.keep()
    assert "can be written to" in receivers.test("store")
    assert "nothing was" in receivers.test("files")
    assert (tmp_path / "out.jsonl").read_bytes() == b""
    assert 'took a body with "test": true' in receivers.test("webhook")
    ((_, headers, body),) = receiver.requests
    told = json.loads(body)
    assert (told["test"], told["why"], told["lines"], told["text"]) == (True, "test", [], "")
    assert headers["Idempotency-Key"].startswith("test-test-")
    receiver.code = 403
    with pytest.raises(PublishError, match=r"answers 403 .*check webhook.url"):
        receivers.test("webhook")
    (tmp_path / "readings.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(PublishError, match="damaged"):
        receivers.test("store")
    assert post(client, "receiver", name="stdout").json()["ok"]
    answer = post(client, "receiver", name="../x")
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "there is no receiver '../x'; there are store, stdout",
    )


def test_a_broker_is_tested_on_a_topic_of_its_own(tmp_path):
    pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    with Broker(tmp_path, "allow_anonymous true") as broker, Listener(broker.port) as listener:
        text = TEXT + f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'
        receivers = Receivers(parse(text, tmp_path / "c.toml"), "pi", tmp_path)
        assert "took a message on ocr-edge/pi/test" in receivers.test("mqtt")
        until(lambda: listener.texts("ocr-edge/pi/test"))
        assert json.loads(listener.last("ocr-edge/pi/test"))["test"] is True
        assert retained(broker.port) == {}
        broker.stop()
        with pytest.raises(PublishError, match="broker 127"):
            receivers.test("mqtt")
