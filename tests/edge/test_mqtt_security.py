"""Passwords, certificates and access rules: what is wrong is said in words, and nothing secret is."""

import logging
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from ocr_edge.config.settings import Mqtt
from ocr_edge.errors import ConfigError, PublishError
from ocr_edge.sinks.mqtt import connection
from ocr_edge.sinks.mqtt.sink import MqttSink

from .broker import Broker, Line, retained, until
from .mqtt_parts import reading

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")


@pytest.fixture
def connect(monkeypatch):
    monkeypatch.setattr(connection, "RETRY_S", (1, 1))
    made = []

    def make(port, host="127.0.0.1", device="pi-1", **settings):
        sink = MqttSink(Mqtt(host=host, port=port, **settings), device=device, name="The Pi", version="1")
        made.append(sink)
        return sink

    yield make
    for sink in made:
        sink.close()


def password_file(folder, text="s3cret\n"):
    path = folder / "password"
    path.write_text(text)
    return str(path)


def users(folder, *lines):
    """A broker with the users ``pi-1`` and ``boss``, and access rules if there are any."""
    if not shutil.which("mosquitto_passwd"):
        pytest.skip("mosquitto_passwd is not installed (apt install mosquitto)")
    path = folder / "users"
    path.touch()
    for user in ("pi-1", "boss"):
        subprocess.run(["mosquitto_passwd", "-b", path, user, "s3cret"], check=True, timeout=30)
    config = ["allow_anonymous false", f"password_file {path}"]
    if lines:
        (folder / "rules").write_text("\n".join([*lines, "user boss", "topic readwrite #"]) + "\n")
        config.append(f"acl_file {folder / 'rules'}")
    return Broker(folder, *config)


def test_the_right_password_is_let_in_and_never_logged(tmp_path, connect, logged):
    logging.getLogger("ocr_edge").setLevel(logging.DEBUG)  # the fixture puts it back
    with users(tmp_path) as broker:
        connect(broker.port, username="pi-1", password_file=password_file(tmp_path)).publish(reading("A"))
    text = "\n".join(record.getMessage() for record in logged)
    assert "connected" in text
    assert "s3cret" not in text


@pytest.mark.parametrize("old", [False, True], ids=["MQTT 5", "MQTT 3.1.1"])
def test_a_wrong_password_is_said_and_tried_again_slowly(tmp_path, connect, caplog, old):
    caplog.set_level(logging.INFO)
    with users(tmp_path) as broker, Line(broker.port, old=old) as line:
        sink = connect(line.port, username="pi-1", password_file=password_file(tmp_path, "wrong"))
        began = time.monotonic()
        with pytest.raises(PublishError, match="refused the user name or password"):
            sink.publish(reading("A"))
        time.sleep(2.2)
        attempts = line.sent.count(b"MQTT")
        assert 2 <= attempts <= 2 + (time.monotonic() - began)
        assert caplog.text.count("refused the user name") == 1
        assert "wrong" not in caplog.text


def test_a_device_that_may_not_write_its_own_topics_is_told_so(tmp_path, connect):
    with users(tmp_path, "user pi-1", "topic read #") as broker:
        sink = connect(broker.port, username="pi-1", password_file=password_file(tmp_path))
        with pytest.raises(
            PublishError, match="refuses messages of 'pi-1': Not authorized; look at its access rules"
        ):
            sink.publish(reading("A"))


def test_rules_without_home_assistant_do_not_stop_the_readings(tmp_path, connect, caplog):
    with users(tmp_path, "user pi-1", "topic readwrite ocr-edge/pi-1/#") as broker:
        connect(broker.port, username="pi-1", password_file=password_file(tmp_path)).publish(
            reading("A", region="")
        )
        until(lambda: "Not authorized" in caplog.text)
        kept = retained(broker.port, username="boss", password="s3cret")
        assert kept["ocr-edge/pi-1/region/picture/attributes"]
        assert not [topic for topic in kept if topic.startswith("homeassistant")]


def test_the_rules_in_the_documentation_let_a_device_do_its_own_work_only(tmp_path, connect, caplog):
    text = (Path(__file__).parents[2] / "docs/fleet.md").read_text("utf-8")
    rules = re.search(r"^pattern readwrite.*?(?=```)", text, re.DOTALL | re.MULTILINE)[0]
    with users(tmp_path, *rules.splitlines()) as broker:
        login = {"username": "pi-1", "password_file": password_file(tmp_path)}
        connect(broker.port, **login).publish(reading("A", region=""))
        kept = retained(broker.port, username="boss", password="s3cret")
        assert kept["ocr-edge/pi-1/region/picture/value"] == "A"
        assert "homeassistant/device/pi-1/config" in kept
        assert "Not authorized" not in caplog.text
        assert "let 'pi-1' listen" not in caplog.text
        stranger = connect(broker.port, device="pi-2", **login)
        with pytest.raises(PublishError, match="refuses messages of 'pi-2': Not authorized"):
            stranger.publish(reading("B", region=""))


@pytest.mark.parametrize(
    ("host", "tls", "warned"),
    [("broker.invalid", False, True), ("broker.invalid", True, False), ("localhost", False, False)],
)
def test_a_password_in_the_clear_is_warned_about_once(tmp_path, connect, caplog, host, tls, warned):
    connect(1, host=host, tls=tls, username="pi-1", password_file=password_file(tmp_path))
    assert caplog.text.count("in the clear") == warned


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, and certificates of a broker called localhost and of a client."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    usage = ["-addext", "keyUsage=critical,keyCertSign"]
    openssl(
        folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority", *usage
    )
    for name, alias in (("localhost", "DNS:localhost"), ("client", "DNS:client")):
        openssl(folder, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / "alias").write_text(f"subjectAltName={alias}\nauthorityKeyIdentifier=keyid\n")
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "alias"]
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed)
    return folder


@pytest.fixture
def safe(tmp_path, certificates):
    """A broker that speaks TLS only."""
    own = [f"certfile {certificates}/localhost.pem", f"keyfile {certificates}/localhost.key"]
    with Broker(tmp_path, "allow_anonymous true", f"cafile {certificates}/ca.pem", *own) as broker:
        yield broker


def test_a_broker_is_trusted_by_its_authority(safe, connect, certificates):
    connect(safe.port, "localhost", tls=True, ca_file=certificates / "ca.pem").publish(reading("A"))


@pytest.mark.parametrize(
    ("host", "known", "complaint"),
    [
        ("localhost", False, "certificate is not accepted: .*; name your own authority in mqtt.ca_file"),
        ("127.0.0.1", True, "certificate is not accepted: .*IP address mismatch"),
    ],
)
def test_a_broker_that_is_not_who_it_should_be_gets_nothing(
    safe, connect, certificates, host, known, complaint
):
    sink = connect(safe.port, host, tls=True, ca_file=certificates / "ca.pem" if known else None)
    with pytest.raises(PublishError, match=complaint):
        sink.publish(reading("A"))


def test_a_port_without_tls_is_named(tmp_path, connect):
    with (
        Broker(tmp_path) as plain,
        pytest.raises(PublishError, match=r"does this port speak TLS|cannot be reached"),
    ):
        connect(plain.port, "localhost", tls=True).publish(reading("A"))


def test_a_port_that_wants_tls_is_named(safe, connect):
    with pytest.raises(PublishError, match="maybe it wants TLS"):
        connect(safe.port).publish(reading("A"))


def test_a_client_shows_its_certificate(tmp_path, connect, certificates):
    own = [f"certfile {certificates}/localhost.pem", f"keyfile {certificates}/localhost.key"]
    rules = [
        f"cafile {certificates}/ca.pem",
        *own,
        "require_certificate true",
        "use_identity_as_username true",
    ]
    with Broker(tmp_path, *rules) as broker:
        mine = {"cert_file": certificates / "client.pem", "key_file": certificates / "client.key"}
        authority = {"tls": True, "ca_file": certificates / "ca.pem"}
        connect(broker.port, "localhost", **authority, **mine).publish(reading("A"))
        with pytest.raises(PublishError, match="maybe it wants a client certificate"):
            connect(broker.port, "localhost", **authority).publish(reading("A"))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"password_file": "./missing"}, "cannot be read"),
        (
            {"tls": True, "ca_file": "/dev/zero"},
            "mqtt.ca_file: /dev/zero cannot be read: it is not a regular",
        ),
        ({"ca_file": "ca.pem"}, "mqtt.ca_file is given, but mqtt.tls is false"),
        ({"tls": True, "ca_file": "missing.pem"}, "mqtt.ca_file: .*missing.pem cannot be read"),
        ({"tls": True, "key_file": "ca.key"}, "mqtt.key_file needs mqtt.cert_file"),
        ({"tls": True, "ca_file": "alias"}, "not a usable certificate or key in .*alias"),
        ({"tls": True, "cert_file": "client.pem", "key_file": "ca.key"}, "not a usable certificate or key"),
        ({"host": "a..b"}, "mqtt.host 'a..b' is not the name"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(connect, certificates, settings, complaint):
    files = {name: certificates / value for name, value in settings.items() if name.endswith("_file")}
    if "password_file" in settings:
        files = {}
    with pytest.raises(ConfigError, match=complaint):
        connect(1, **(settings | files))


def test_a_password_needs_a_user(tmp_path, connect):
    with pytest.raises(ConfigError, match=r"password_file needs mqtt\.username"):
        connect(1, password_file=password_file(tmp_path))


def test_a_key_that_wants_a_password_is_refused_and_not_asked_for(certificates, connect):
    openssl(
        certificates, "ec", "-in", "client.key", "-out", "locked.key", "-aes128", "-passout", "pass:x1234"
    )
    mine = {"cert_file": certificates / "client.pem", "key_file": certificates / "locked.key"}
    with pytest.raises(ConfigError, match="not a usable certificate or key"):
        connect(1, tls=True, **mine)
