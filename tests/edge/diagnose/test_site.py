"""What the configuration names: brokers, URLs, folders, secrets, bundles, and the service."""

import os
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager

import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.installed import Installed
from ocr_edge.diagnose import network, service, settings
from ocr_edge.diagnose.check import Check, table
from ocr_edge.diagnose.probe import Output, Person


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


def broker(port, more=""):
    return f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n{more}'


def test_a_broker_that_answers_and_one_that_does_not(machine):
    with listener() as port:
        assert machine(config=broker(port)).only(network.reachable).verdict == "ok"
    assert "nothing listens" in machine(config=broker(port)).only(network.reachable).found
    unknown = machine(config='[mqtt]\nhost = "no-such-broker.invalid"')
    assert "name is not known" in unknown.only(network.reachable).found


def test_tls_is_tried_with_the_authority_of_the_configuration(tmp_path, machine):
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
        probe = machine(config=broker(port, f'tls = true\nca_file = "{tmp_path}/cert"'))
        assert probe.only(network.reachable).verdict == "ok"
    with listener(context) as port:
        found = machine(config=broker(port, "tls = true")).only(network.reachable)
        assert ("not trusted" in found.found, "mqtt.ca_file" in found.advice) == (True, True)
    with listener() as port:
        found = machine(config=broker(port, "tls = true")).only(network.reachable)
        assert "does not speak TLS" in found.found


def test_urls_are_tried_without_telling_their_passwords(machine):
    probe = machine(config='[webhook]\nurl = "http://me:hush@127.0.0.1:1/hook?token=hush"')
    found = probe.only(network.reachable)
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
    ("facts", "verdict", "word"),
    [
        ({}, "ok", "active and enabled"),
        ({"LoadState": "not-found"}, "warn", "install.sh"),
        ({"UnitFileState": "disabled"}, "warn", "systemctl enable --now"),
        ({"ActiveState": "inactive"}, "warn", "systemctl start"),
        (
            {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "2"},
            "fail",
            "sudo ocr-edge check",
        ),
        ({"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "3"}, "fail", "bundle verify"),
        ({"ActiveState": "activating", "Result": "watchdog", "ExecMainStatus": "6"}, "fail", "watchdog"),
        ({"NRestarts": "12", "Result": "oom-kill"}, "warn", "12 times: memory ran out"),
    ],
)
def test_what_systemd_says_is_understood(facts, verdict, word, machine):
    found = machine(unit={**UNIT, **facts}).only(service.unit)
    assert (found.verdict, word in found.found + found.advice) == (verdict, True)


def test_without_systemd_the_service_is_not_known(machine):
    assert machine().only(service.unit).verdict == "unknown"


def test_folders_that_the_daemon_may_not_write_are_named(machine):
    probe = machine(config='[files]\npath = "out/readings.jsonl"')
    (probe.root / "out").mkdir()
    probe.state.mkdir()
    probe.state.chmod(0o777)
    found = {check.name: check for check in settings.writable(probe)}
    assert {name: check.verdict for name, check in found.items()} == {
        "state folder": "ok",
        "store.path": "ok",
        "files.path": "fail",
    }
    assert found["files.path"].advice == f"sudo chown -R ocr-edge: {probe.root / 'out'}"


def test_a_password_file_is_checked_and_never_shown(tmp_path, machine):
    path = tmp_path / "pw"
    config = f'[mqtt]\nhost = "h"\npassword_file = "{path}"'
    probe = machine(config=config)
    probe.person = Person("ocr-edge", os.geteuid(), frozenset())
    assert probe.only(settings.secrets).verdict == "fail"
    path.write_text("hush")
    path.chmod(0o644)
    assert "can be read by others" in probe.only(settings.secrets).found
    path.chmod(0o600)
    assert probe.only(settings.secrets) == Check("mqtt.password_file", "ok", str(path))
    bare = machine(config='[mqtt]\nhost = "h"\npassword_file = "mqtt-password"', unit=UNIT)
    bare.person = probe.person
    assert "/etc/credstore/ocr-edge.mqtt-password" in bare.only(settings.secrets).advice
    bare.path("/etc/credstore").mkdir(parents=True)
    bare.path("/etc/credstore/ocr-edge.mqtt-password").write_text("hush")
    assert list(settings.secrets(bare)) == []


def test_a_bad_bundle_is_told(machine):
    probe = machine(answers={"bundle verify": "x: fine; 48 of 48"})
    assert list(settings.bundle(probe)) == []
    path = Installed(probe.state).install(bundles.shipped())
    assert probe.only(settings.bundle).found == f"{path.name}: 48 of 48"
    probe.answers = {"bundle verify": Output(3, "ERROR: card.md is damaged")}
    found = probe.only(settings.bundle)
    assert ("card.md is damaged" in found.found, "bundle rollback" in found.advice) == (True, True)
    path.with_name(path.name + ".bad").write_text("was damaged")
    assert "not used: was damaged" in probe.only(settings.bundle).found
