"""Who is let in to the page by login, token and password, and how often somebody may be wrong."""

import logging
from contextlib import ExitStack

import pytest

pytest.importorskip("argon2", reason="argon2-cffi is not installed")
pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from starlette.testclient import TestClient

from ocr_edge.errors import ConfigError
from ocr_edge.web import sessions

from . import guard_parts
from .guard_parts import OPEN, OURS, log_in
from .page_parts import PASSWORD, app

cheap, parts, secret = guard_parts.cheap, guard_parts.parts, guard_parts.secret
client = guard_parts.client

HTML = {"Accept": "text/html"}
PATHS = [
    *("/", "/history", "/state", "/password", "/live.json", "/live.jpg", "/state.json", "/history.json"),
    *("/points.json", "/history.csv", "/metrics", "/healthz", "/live.js", "/common.js", "/nothing"),
    *(
        "/login/",
        "/LOGIN",
        "/page.css/../state.json",
        "//state.json",
        "/%2e%2e/state.json",
        "/login/../state.json",
    ),
]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_shown_without_a_login(client, path):
    answer = client.get(path)
    assert answer.status_code == 401
    assert answer.json() == {"error": "log in, or send Authorization: Bearer PASSWORD"}
    to_login = client.get(path, headers=HTML)
    assert (to_login.status_code, to_login.headers["location"]) == (303, "/login")


def test_every_route_is_behind_the_login(parts, secret, client):
    paths = {route.path for route in client.app.routes}
    assert {"/", "/live.jpg", "/history.csv", "/trigger", "/metrics", "/password", "/logout"} <= paths
    for path in paths - {"/login", "/page.css", "/icon.svg"}:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
            assert client.request(method, path, headers=OURS).status_code == 401, (method, path)
    assert parts.pulled == []


def test_the_password_opens_everything_until_the_logout(client, parts):
    answer = log_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    assert client.get("/").status_code == 200
    assert client.get("/live.jpg").headers["content-type"] == "image/jpeg"
    assert client.post("/trigger", headers=OURS).status_code == 202
    assert parts.pulled == ["http"]
    key = client.cookies["ocr-edge-9464"]
    assert client.post("/logout", headers=OURS).headers["location"] == "/login"
    client.cookies.set("ocr-edge-9464", key)  # who kept it is not let in either
    assert client.get("/state.json").status_code == 401


def test_wrong_passwords_cost_time_and_the_right_one_does_not_help_before(client, caplog, monkeypatch):
    caplog.set_level(logging.INFO, "ocr_edge")
    now = 1000.0
    monkeypatch.setattr("ocr_edge.web.lock.time.monotonic", lambda: now)
    for _ in range(sessions.FREE_TRIES):
        answer = log_in(client, "wrong password")
        assert answer.status_code == 403
        assert "not the password" in answer.text
    answer = log_in(client)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 1
    assert "try again in 1 s" in answer.text
    assert client.get("/state.json", headers={"Authorization": f"Bearer {PASSWORD}"}).status_code == 429
    other = TestClient(client.app, base_url=OPEN, client=("192.168.1.51", 5000), follow_redirects=False)
    assert log_in(other).status_code == 303  # who has not failed is not kept waiting
    now += 1.1
    assert log_in(client, "wrong again").status_code == 403
    now += 1.1
    assert log_in(client).status_code == 429  # two seconds now
    now += 1.0
    assert log_in(client).status_code == 303
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in warned] == [
        "http: wrong password from 192.168.1.50, 5 in a row"
    ]
    assert not any(word in caplog.text for word in (PASSWORD, "wrong again"))


def test_many_addresses_together_are_slowed_down_too():
    tries = sessions.Tries()
    for number in range(sessions.PER_MINUTE):
        assert tries.wait_s(f"10.0.0.{number}", 100.0) == 0
        tries.failed(f"10.0.0.{number}", 100.0)
    assert tries.wait_s("10.1.0.1", 101.0) == 59.0
    assert tries.wait_s("10.1.0.1", 160.5) == 0.0
    for number in range(2 * sessions.CLIENTS):
        tries.failed(str(number), 200.0)
    assert len(tries._failed) == sessions.CLIENTS


def test_a_login_ends_when_it_is_not_used_and_after_a_month():
    logins = sessions.Sessions()
    key = logins.begin(0.0)
    assert logins.find(key, sessions.IDLE_S)
    assert logins.find(key, 2 * sessions.IDLE_S + 1) is None
    key, now = logins.begin(0.0), 0.0
    while logins.find(key, now):
        now += sessions.IDLE_S / 2
    assert now == pytest.approx(sessions.LONGEST_S, rel=0.01)
    keys = [logins.begin(now) for _ in range(sessions.SESSIONS + 1)]
    assert logins.find(keys[0], now) is None
    assert logins.find(keys[1], now)


def test_a_one_time_token_opens_once_and_only_to_choose_a_password(parts, secret):
    token = secret.new_token()
    with ExitStack() as stack:
        served = app(parts, stack, address="0.0.0.0", secret_file=secret.path)
        client = TestClient(served, base_url=OPEN, follow_redirects=False)
        bearer = {"Authorization": f"Bearer {token}"}
        assert client.get("/state.json", headers=bearer).status_code == 401  # and is not spent by it
        assert log_in(client, f" {token.lower().replace('-', '')} ").status_code == 303
        for path in ("/", "/live.jpg", "/state.json", "/metrics"):
            assert client.get(path).headers["location"] == "/password"
        page = client.get("/password").text
        assert "hidden disabled" in page  # no old password is asked for
        again = TestClient(served, base_url=OPEN, follow_redirects=False)
        assert log_in(again, token).status_code == 403
        for first, second, why in (
            ("short", "short", "5 characters; expected 10 to 1000"),
            (PASSWORD, PASSWORD + "x", "not the same"),
        ):
            answer = client.post("/password", data={"password": first, "again": second}, headers=OURS)
            assert (answer.status_code, why in answer.text) == (400, True)
        answer = client.post("/password", data={"password": PASSWORD, "again": PASSWORD}, headers=OURS)
        assert answer.headers["location"] == "/"
        assert client.get("/state.json").status_code == 200
        assert log_in(again).status_code == 303


def test_changing_the_password_needs_the_old_one_and_ends_all_logins(client, secret):
    log_in(client)
    other = TestClient(client.app, base_url=OPEN, follow_redirects=False)
    log_in(other)
    bearer = {"Authorization": f"Bearer {PASSWORD}"}
    assert TestClient(client.app, base_url=OPEN).get("/healthz", headers=bearer).status_code == 200
    new = {"password": "another password", "again": "another password"}
    assert client.post("/password", data=new | {"old": "wrong"}, headers=OURS).status_code == 403
    assert client.post("/password", data=new | {"old": PASSWORD}, headers=OURS).status_code == 303
    assert client.get("/state.json").status_code == 200
    assert other.get("/state.json").status_code == 401
    assert TestClient(client.app, base_url=OPEN).get("/healthz", headers=bearer).status_code == 401
    assert not secret.is_password(PASSWORD)


def test_a_program_brings_the_password(client, parts):
    bearer = {"Authorization": f"Bearer {PASSWORD}"}
    assert client.get("/metrics", headers=bearer).status_code == 200
    assert client.post("/trigger", headers=bearer).status_code == 202
    assert client.get("/live.jpg", headers={"Authorization": "bearer  " + PASSWORD}).status_code == 200
    for wrong in ("", "Bearer", "Bearer wrong", f"Basic {PASSWORD}", PASSWORD):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 401
    assert parts.pulled == ["http"]


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"secret=\xff", b"secret", b"&" * 9000, b"secret=" + b"x" * 9000, b"[]", b"%"],
)
def test_a_malformed_form_is_a_wrong_password(client, body):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/login", content=body, headers=OURS | kind).status_code == 403


def test_what_is_said_of_a_form_is_text_and_no_html(client, monkeypatch):
    async def refuse(*_):
        raise ConfigError("<script>alert(1)</script>")

    monkeypatch.setattr("ocr_edge.web.lock.Lock.log_in", refuse)
    answer = log_in(client)
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text
