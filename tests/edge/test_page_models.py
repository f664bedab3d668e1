"""Bundles on the page: uploads good and bad, switched, rolled back, taken back. The commands behind it are real."""

import json
import socket
import threading
import time
import zipfile
from contextlib import ExitStack, closing

import pytest

pytest.importorskip("argon2", reason="argon2-cffi is not installed")
pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from starlette.testclient import TestClient

from ocr_edge.bundles import load as bundles
from ocr_edge.bundles.installed import Installed
from ocr_edge.config.settings import Http, PageSettings
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.system.counters import Counters
from ocr_edge.system.health import Health, State
from ocr_edge.web import models, rollout
from ocr_edge.web.log_tail import LogTail
from ocr_edge.web.secret_file import SecretFile
from ocr_edge.web.serving import Serving
from ocr_edge.web.sight import Asked, Bundles, Sight
from ocr_edge.web.view import Newest

from . import guard_parts
from .broker import until
from .guard_parts import OPEN, OURS
from .page_parts import PASSWORD

cheap = guard_parts.cheap
PATIENCE_S = 120.0
"""A proof takes 2 s on a machine that does nothing else."""


class FakeDaemon:
    """Takes the active bundle at a reload, as ``daemon.models`` does; ``refuses`` is why it stays with what it had."""

    def __init__(self, state):
        self.counters, self.refuses, self.state = Counters(), lambda path: "", state
        self.facts, self.problems, self.deaf = {"bundle": "default"}, {}, False

    def reload(self):
        if self.deaf:
            return
        bundle, notes = Installed(self.state).open_active()
        if why := self.refuses(bundle.path):
            self.problems = {"configuration": f"not reloaded: {why}"}
        else:
            self.facts = {"bundle": bundle.path.name}
            self.problems = {"bundle": "; ".join(notes)} if notes else {}
        self.counters.reloads += 1

    def snapshot(self):
        return Snapshot(State(time.time(), self.problems, self.facts), self.counters)

    def asked(self, configured=""):
        sight = Sight(Newest(), None, dict, LogTail(), bundles=Bundles(self.state, self.reload, configured))
        return Asked(self.snapshot, None, sight)


@pytest.fixture
def daemon(tmp_path):
    (tmp_path / "state").mkdir()
    return FakeDaemon(tmp_path / "state")


@pytest.fixture
def settings(tmp_path):
    secret = SecretFile(tmp_path / "secret")
    secret.set_password(PASSWORD)
    return Http(page=PageSettings(), address="0.0.0.0", secret_file=secret.path)


def browser(daemon, settings, stack, configured=""):
    from ocr_edge.web.application import application

    app = application(settings, daemon.asked(configured), stack)
    return TestClient(app, base_url=OPEN, follow_redirects=False)


@pytest.fixture
def client(daemon, settings):
    with ExitStack() as stack:
        made = browser(daemon, settings, stack)
        made.post("/login", data={"secret": PASSWORD}, headers=OURS)
        yield made


def packed(path, name, **files):
    """A shipped bundle, small, that calls itself by a name; ``files`` replace its own."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in bundles.shipped("fast").iterdir():
            content = file.read_bytes()
            if file.name == "manifest.json":
                content = json.dumps({**json.loads(content), "name": name}).encode()
            archive.writestr(f"{name}/{file.name}", files.get(file.name.partition(".")[0], content))
    return path.read_bytes()


def post(client, path, content=b"", **headers):
    return client.post(path, content=content, headers=OURS | headers)


def change(client):
    """The change when it has ended."""
    ended = ("done", "failed")
    until(lambda: (client.get("/models.json").json()["change"] or {}).get("step") in ended, PATIENCE_S)
    return client.get("/models.json").json()["change"]


def listed(client):
    """Names of the bundles without their hashes, and what stands with them."""
    marks = ("used", "active", "previous", "bad")
    found = client.get("/models.json").json()["bundles"]
    return {b["name"].partition("-")[0]: [m for m in marks if b[m]] for b in found}


def test_a_bundle_is_uploaded_used_and_rolled_back_and_used_again(client, daemon, tmp_path):
    assert listed(client)["shipped"] == ["used", "active"]
    assert post(client, "/models/upload", packed(tmp_path / "b.zip", "mine")).status_code == 202
    ended = change(client)
    assert (ended["step"], ended["text"].partition("-")[0]) == ("done", "mine")
    assert ended["text"].endswith("reads now; 48 of 48 test pictures are read as they must be")
    assert listed(client)["mine"] == ["used", "active"]
    assert listed(client)["shipped"] == ["previous"]
    assert not (daemon.state / models.UPLOAD).exists()
    row = client.get("/models.json").json()["bundles"][0]
    assert row["size"] > 500_000
    assert time.time() - row["installed"] < PATIENCE_S
    assert "# fast" in client.get("/card.json", params={"bundle": row["name"]}).json()["card"]

    assert post(client, "/models/rollback").status_code == 202
    assert change(client)["text"] == "default reads now"
    assert listed(client)["mine"] == ["previous"]
    name = json.dumps({"bundle": "fast"})  # one that ships
    assert post(client, "/models/switch", name).status_code == 202
    assert change(client)["step"] == "done"
    assert listed(client)["mine"] == []
    assert post(client, "/models/switch", json.dumps({"bundle": row["name"]})).status_code == 202
    assert change(client)["step"] == "done"
    assert listed(client)["mine"] == ["used", "active"]


def test_what_is_no_good_bundle_changes_nothing_and_the_page_says_why(client, daemon, tmp_path):
    good = packed(tmp_path / "b.zip", "mine")
    other = bundles.shipped("original") / "selftest.npz"
    bad = {
        "expected one manifest.json": foreign(tmp_path),
        "expected a bundle's folder, or a .zip": good[: len(good) // 2],
        "a .zip or .tar.gz of one": b"not an archive at all",
        "selftest.npz": packed(tmp_path / "d.zip", "wrong", selftest=other.read_bytes()),
    }
    for why, content in bad.items():
        assert post(client, "/models/upload", content).status_code == 202
        ended = change(client)
        assert ended["step"] == "failed", why
        assert why in ended["text"]
        assert "the uploaded file" in ended["text"]
        assert str(tmp_path) not in ended["text"]
        assert "Traceback" not in ended["text"]
    assert daemon.counters.reloads == 0
    assert listed(client)["shipped"] == ["used", "active"]
    assert not (daemon.state / models.UPLOAD).exists()


def foreign(folder):
    with zipfile.ZipFile(folder / "foreign.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    return (folder / "foreign.zip").read_bytes()


def test_a_bundle_that_does_not_fit_the_configuration_is_taken_back(client, daemon, tmp_path):
    """Otherwise the daemon would read on with the old one, and not start again after the next power cut."""
    daemon.refuses = lambda path: "region meter: nobody reads '.'" if path.name.startswith("mine") else ""
    post(client, "/models/upload", packed(tmp_path / "b.zip", "mine"))
    ended = change(client)
    assert ended["step"] == "failed"
    assert ended["text"].endswith(
        "is not used: not reloaded: region meter: nobody reads '.'; default reads on"
    )
    assert Installed(daemon.state).active() is None
    assert daemon.problems == {}


def test_a_wrong_configuration_takes_back_no_bundle(client, daemon, tmp_path):
    post(client, "/models/upload", packed(tmp_path / "b.zip", "mine"))
    assert change(client)["step"] == "done"
    daemon.refuses = lambda path: "the file is wrong"
    active = Installed(daemon.state).active()
    post(client, "/models/upload", packed(tmp_path / "b.zip", "mine"))  # the same: nothing is switched
    assert "the file is wrong" in change(client)["text"]
    assert Installed(daemon.state).active() == active


def test_a_daemon_that_does_not_answer_is_said_to(client, daemon, tmp_path, monkeypatch):
    monkeypatch.setattr(rollout, "RELOAD_S", 0.5)
    daemon.deaf = True
    post(client, "/models/upload", packed(tmp_path / "b.zip", "mine"))
    assert "the daemon has not taken it within" in change(client)["text"]


def test_one_change_at_a_time_and_a_size_limit(client, daemon, tmp_path, monkeypatch):
    asked = threading.Event()
    monkeypatch.setattr(rollout.Rollout, "_command", lambda *a, **k: str(asked.wait(PATIENCE_S)))
    content = packed(tmp_path / "b.zip", "mine")
    assert post(client, "/models/upload", content).status_code == 202
    assert post(client, "/models/upload", content).status_code == 409
    assert post(client, "/models/rollback").status_code == 409
    assert post(client, "/models/switch", json.dumps({"bundle": "fast"})).status_code == 409
    asked.set()
    assert change(client)["step"] == "done"
    over = str(models.MAX_BYTES + 1)
    assert post(client, "/models/upload", content, **{"Content-Length": over}).status_code == 413
    monkeypatch.setattr(models, "ROOM", 2**60)
    assert post(client, "/models/upload", content).status_code == 507


def test_names_lead_nowhere(client):
    for name in ("../secret", "/etc/passwd", "active", ".lock", "", "shipped/..", "default\0"):
        assert post(client, "/models/switch", json.dumps({"bundle": name})).status_code == 404
        assert client.get("/card.json", params={"bundle": name}).status_code == 404
    for body in (b"", b"[]", b'{"bundle": 1}', b'{"bundle": "fast", "path": "/"}', b"\xff"):
        assert post(client, "/models/switch", body).status_code == 400


def test_without_a_login_or_with_a_configured_bundle_nothing_can_be_changed(daemon, settings, tmp_path):
    with ExitStack() as stack:
        local = browser(daemon, Http(page=PageSettings(), names=()), stack)
        local.base_url = "http://localhost"
        assert "sudo ocr-edge init" in local.get("/models.json").json()["fixed"]
        for path in ("/models/upload", "/models/switch", "/models/rollback"):
            assert local.post(path).status_code == 403
        fixed = browser(daemon, settings, stack, "original")
        fixed.post("/login", data={"secret": PASSWORD}, headers=OURS)
        assert 'bundle = "original"' in fixed.get("/models.json").json()["fixed"]
        assert post(fixed, "/models/rollback").status_code == 403


@pytest.fixture
def served(daemon, settings):
    """A port with the real connection in front of the routes, and the cookie of a login."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    free = Http(page=PageSettings(), port=port, secret_file=settings.secret_file)
    with Serving(free, Health(), daemon.asked()) as serving:
        until(lambda: serving._server is not None and serving._server.started)
        form = f"secret={PASSWORD.replace(' ', '+')}".encode()
        answer = raw(port, "/login", form, kind="application/x-www-form-urlencoded")
        yield port, answer.partition(b"set-cookie: ")[2].partition(b";")[0].decode()


def raw(port, path, body=b"", cookie="", kind="application/octet-stream", length=None):
    """The whole answer to a POST of our own page."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n"
        f"Cookie: {cookie}\r\nContent-Type: {kind}\r\nConnection: close\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    )
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        answer = b""
        try:
            connection.sendall(head.encode() + body)
            while part := connection.recv(65536):
                answer += part
        except ConnectionError:
            pass
    return answer


def test_megabytes_pass_at_the_one_route_that_takes_them_and_only_after_a_login(served, daemon, monkeypatch):
    port, cookie = served
    kept = []
    monkeypatch.setattr(
        rollout.Rollout,
        "_command",
        lambda *a, **k: str(kept.append((daemon.state / models.UPLOAD).read_bytes())),
    )
    content = bytes(range(256)) * 2**14  # 4 MiB
    assert raw(port, "/models/upload", content, cookie).startswith(b"HTTP/1.1 202")
    until(lambda: kept == [content])
    assert raw(port, "/models/rollback", content, cookie) == b""  # hung up on
    assert b" 202 " not in raw(port, "/models/upload", content)  # nobody
    assert len(kept) == 1
    assert not (daemon.state / models.UPLOAD).exists()


def test_an_upload_that_stalls_or_breaks_off_leaves_nothing(served, daemon, monkeypatch):
    from ocr_edge.web import server

    port, cookie = served
    monkeypatch.setattr(server, "STALLED_S", 0.5)
    began = time.monotonic()
    assert raw(port, "/models/upload", b"x" * 1000, cookie, length=10**6) == b""
    assert time.monotonic() - began < 10
    until(lambda: not (daemon.state / models.UPLOAD).exists())
    assert not (daemon.state / models.UPLOAD).exists()
    monkeypatch.setattr(rollout.Rollout, "_command", lambda *a, **k: "")
    assert raw(port, "/models/upload", b"x" * 1000, cookie).startswith(b"HTTP/1.1 202")
