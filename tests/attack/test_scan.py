"""The server scanned, as ``benchmarks/scan.py`` does for longer; and the scan finds what it is there to find."""

import pytest

pytest.importorskip("argon2", reason="argon2-cffi is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")

import scan
from lib.scan import attacks
from lib.scan.attacks import Tally
from lib.scan.target import Target
from ocr_edge.config.settings import Http, PageSettings
from ocr_edge.system.health import Health
from ocr_edge.web import guard, secret_file
from ocr_edge.web.secret_file import SecretFile
from ocr_edge.web.serving import Serving
from tests.edge.broker import until
from tests.edge.page_parts import Parts, view


def test_nobody_is_let_in_and_the_daemon_reads_on(tmp_path):
    with scan.running(tmp_path) as daemon:
        frames = attacks.alive(daemon.target)["frames"]
        memory = scan.sample(daemon.process.pid)["rss_mib"]
        tally = scan.scan(daemon.target, quick=True)
        paths = {
            "/",
            "/models/upload",
            "/models/switch",
            "/drift/accept",
            "/live.jpg",
            "/metrics",
            "/password",
        }
        assert paths <= set(daemon.target.routes)
        assert "POST" in daemon.target.routes["/models/upload"]
        until(lambda: attacks.alive(daemon.target)["frames"] > frames, 30)
        assert tally.wrong + scan.judged(daemon, frames, memory) == []
        assert min(tally.tried.values()) > 20


@pytest.fixture
def target(tmp_path, monkeypatch):
    """A server in this process; hashes take a millisecond."""
    monkeypatch.setattr(secret_file, "TIME_COST", 1)
    monkeypatch.setattr(secret_file, "MEMORY_KIB", 64)
    SecretFile(tmp_path / "secret").set_password(scan.PASSWORD)
    parts, port = Parts(tmp_path), scan.free_port()
    parts.keep()
    parts.newest.show(view())
    settings = Http(page=PageSettings(), port=port, secret_file=tmp_path / "secret")
    with Serving(settings, Health(), parts.asked) as serving:
        until(lambda: serving._server is not None and serving._server.started)
        found = Target(port, scan.PASSWORD)
        found.discover()
        yield found


def wrong(attack, target):
    tally = Tally()
    attack(target, tally)
    return tally.wrong


def test_a_route_that_answers_strangers_is_found(target, monkeypatch):
    assert wrong(attacks.strangers, target) == []
    monkeypatch.setattr(guard, "FREE", guard.FREE | {"/state.json"})
    found = wrong(attacks.strangers, target)
    assert found
    assert all("/state.json" in line for line in found)


def test_a_route_that_answers_other_sites_is_found(target, monkeypatch):
    assert wrong(attacks.other_sites, target) == []
    monkeypatch.setattr(guard.Guard, "_is_foreign", lambda self, request: False)
    assert any("POST /trigger" in line for line in wrong(attacks.other_sites, target))


def test_bodies_and_paths_of_somebody_who_is_logged_in_do_no_harm(target):
    target.routes = {path: target.routes[path] for path in ("/history.json", "/trigger", "/password")}
    assert wrong(attacks.outside, target) == []
    assert wrong(attacks.bodies, target) == []
