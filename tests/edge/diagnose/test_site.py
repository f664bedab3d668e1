"""What the configuration names: brokers, URLs, folders, secrets, bundles, and the service."""

import os
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager

import pytest
from tests.edge.broker import Broker

from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.installed import Installed
from ocr_edge.diagnose import configuration, files, network, regions, service
from ocr_edge.diagnose.finding import ok, table
from ocr_edge.diagnose.probe import Person
from ocr_edge.errors import ModelError


@contextmanager
def listener(context=None):
    """A port on loopback that takes connections, with TLS where a context is given."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def take():
            try:
                connection, _ = server.accept()
                with connection:
                    if context is None:
                        connection.recv(1)
                        connection.sendall(b"no TLS here")
                    else:
                        context.wrap_socket(connection, server_side=True).close()
            except OSError:
                pass

        thread = threading.Thread(target=take)
        thread.start()
        yield server.getsockname()[1]
    thread.join(10)


SOURCE = '[source]\nurl = "dir:/x"\n'


def broker(port, more=""):
    return f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n{more}'


def test_a_broker_that_takes_us_one_that_refuses_us_and_one_that_is_not_there(tmp_path, machine):
    pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    with Broker(tmp_path) as mosquitto:
        found = machine(config=broker(mosquitto.port)).only(network.mqtt)
        assert found == ok("mqtt", "127.0.0.1 takes us")
    with Broker(tmp_path, "allow_anonymous false") as mosquitto:
        found = machine(config=broker(mosquitto.port)).only(network.mqtt)
        assert (found.level, "refused the user name or password" in found.found) == ("error", True)
    found = machine(config=broker(mosquitto.port)).only(network.mqtt)
    assert ("nothing listens" in found.found, "mqtt" in found.advice, found.code) == (True, True, 1)
    unknown = machine(config='[mqtt]\nhost = "no-such-broker.invalid"')
    assert "name is not known" in unknown.only(network.mqtt).found


def test_tls_is_tried_with_the_authority_of_the_configuration(tmp_path, machine):
    pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    if not shutil.which("openssl"):
        pytest.skip("no openssl command to make a certificate with")
    made = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=x -addext"
    subprocess.run(
        [*made.split(), "subjectAltName=IP:127.0.0.1"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=60,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with listener(context) as port:
        peer = network.Peer("mqtt", "mqtt", "127.0.0.1", port, True, tmp_path / "cert")
        assert network.reach(peer) == ok("mqtt", f"127.0.0.1, port {port} with TLS answers")
    with listener(context) as port:
        found = machine(config=broker(port, "tls = true")).only(network.mqtt)
        assert ("not trusted" in found.found, "mqtt.ca_file" in found.advice) == (True, True)
    with listener() as port:
        found = machine(config=broker(port, "tls = true")).only(network.mqtt)
        assert "does not speak TLS" in found.found


def test_urls_are_tried_without_telling_their_passwords(machine):
    probe = machine(config='[webhook]\nurl = "http://me:hush@127.0.0.1:1/hook?token=hush"')
    found = probe.only(network.webhook)
    assert found.found.startswith("127.0.0.1, port 1: refused")
    assert "hush" not in table([found])


UNIT = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "UnitFileState": "enabled",
    "Result": "success",
    "NRestarts": "0",
}


@pytest.mark.parametrize(
    ("facts", "level", "word"),
    [
        ({}, "ok", "active and enabled"),
        ({"LoadState": "not-found"}, "warning", "install.sh"),
        ({"UnitFileState": "disabled"}, "warning", "systemctl enable --now"),
        ({"ActiveState": "inactive"}, "warning", "systemctl start"),
        (
            {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "2"},
            "error",
            "sudo ocr-edge check",
        ),
        ({"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "3"}, "error", "bundle verify"),
        ({"ActiveState": "activating", "Result": "watchdog", "ExecMainStatus": "6"}, "error", "watchdog"),
        ({"NRestarts": "12", "Result": "oom-kill"}, "warning", "12 times: memory ran out"),
    ],
)
def test_what_systemd_says_is_understood(facts, level, word, machine):
    found = machine(unit={**UNIT, **facts}).only(service.unit)
    assert (found.level, word in found.found + found.advice) == (level, True)


def test_without_systemd_the_service_is_not_known(machine):
    assert machine().only(service.unit).level == "unknown"


def test_folders_that_the_daemon_may_not_write_are_named(machine):
    probe = machine(config='[files]\npath = "out/readings.jsonl"')
    (probe.root / "out").mkdir()
    probe.state.mkdir()
    probe.state.chmod(0o777)
    for check in (files.state_folder, files.store):
        assert probe.only(check).level == "ok"
    found = probe.only(files.files)
    assert (found.level, found.advice) == ("error", f"sudo chown -R ocr-edge: {probe.root / 'out'}")
    (probe.root / "out").rmdir()
    (probe.root / "out").touch()
    found = probe.only(files.files)
    assert found.found.endswith("out is a file, expected a folder")
    assert found.advice == "correct files.path"


def test_a_read_only_disk_is_waited_for_and_another_folder_is_wrong(machine, monkeypatch):
    probe = machine(config="[stdout]\n")
    probe.state.mkdir()
    assert probe.only(files.state_folder).code == 2
    monkeypatch.setattr(files, "is_read_only", lambda path: True)
    said = probe.only(files.state_folder)
    assert (said.code, said.found) == (1, f"{probe.state} is on a read-only disk")


def test_a_password_file_is_checked_and_never_shown(tmp_path, machine):
    path = tmp_path / "pw"
    config = f'[mqtt]\nhost = "h"\npassword_file = "{path}"'
    probe = machine(config=config)
    probe.person = Person("ocr-edge", os.geteuid(), frozenset())
    assert probe.only(files.secrets).level == "error"
    path.write_text("hush")
    path.chmod(0o644)
    assert "can be read by others" in probe.only(files.secrets).found
    path.chmod(0o600)
    assert probe.only(files.secrets) == ok("mqtt.password_file", str(path))
    bare = machine(config='[mqtt]\nhost = "h"\npassword_file = "mqtt-password"', unit=UNIT)
    bare.person = probe.person
    assert "/etc/credstore/ocr-edge.mqtt-password" in bare.only(files.secrets).advice
    bare.path("/etc/credstore").mkdir(parents=True)
    bare.path("/etc/credstore/ocr-edge.mqtt-password").write_text("hush")
    assert bare.only(files.secrets).level == "ok"


def test_a_bad_bundle_is_told_and_not_touched(tmp_path, machine):
    probe = machine(config=SOURCE)
    path = Installed(probe.state).install(bundles.shipped())
    assert probe.only(configuration.bundle).found.startswith("default, ")
    (path / "card.md").write_text("changed")
    before = sorted(probe.state.rglob("*"))
    found = probe.only(configuration.bundle)
    assert (found.level, found.code) == ("error", 1)  # the shipped one is read with
    assert "card.md is damaged" in found.found
    assert "bundle rollback" in found.advice
    assert sorted(probe.state.rglob("*")) == before
    path.with_name(path.name + ".bad").write_text("was damaged")
    assert "known to be bad: was damaged" in probe.only(configuration.bundle).found
    named = machine(config=f'bundle = "{tmp_path}/none"\n{SOURCE}')
    with pytest.raises(ModelError):
        list(configuration.bundle(named))
    assert list(regions.regions(named)) == []
