"""Who is let in to the page: by Host, Origin, login, token and password, and how often somebody may be wrong."""

import logging
import time
from contextlib import ExitStack

import pytest

pytest.importorskip("argon2", reason="argon2-cffi is not installed")
pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from starlette.testclient import TestClient

from ocr_edge.config.settings import Http, PageSettings
from ocr_edge.errors import ConfigError
from ocr_edge.web import secret_file, sessions
from ocr_edge.web.secret_file import SecretFile

from .page_parts import PASSWORD, Parts, app, view

OPEN = "http://192.168.1.7:9464"
OURS = {"Origin": OPEN, "Sec-Fetch-Site": "same-origin"}
HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """Hashes in a millisecond: how costly they are is argon2's business."""
    monkeypatch.setattr(secret_file, "TIME_COST", 1)
    monkeypatch.setattr(secret_file, "MEMORY_KIB", 64)


@pytest.fixture
def parts(tmp_path):
    made = Parts(tmp_path)
    made.newest.show(view())
    return made


@pytest.fixture
def secret(tmp_path):
    return SecretFile(tmp_path / "secret")


@pytest.fixture
def client(parts, secret):
    """A browser in the network, before a page that is open to it and has a password."""
    secret.set_password(PASSWORD)
    with ExitStack() as stack:
        served = app(parts, stack, address="0.0.0.0", secret_file=secret.path)
        yield TestClient(served, base_url=OPEN, follow_redirects=False, client=("192.168.1.50", 5000))


def log_in(client, given=PASSWORD, **headers):
    return client.post("/login", data={"secret": given}, headers=OURS | headers)


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


def test_a_cookie_alone_lets_nobody_act(client, parts):
    """Another site can have a browser send a form; it cannot make it say that the form is ours."""
    log_in(client)
    assert client.post("/trigger").status_code == 401
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://192.168.1.7:8080"},  # another program of the same machine
        {"Origin": "https://192.168.1.7:9464"},
        {"Referer": "http://evil.example/"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": OPEN},
    ):
        for path in ("/trigger", "/logout", "/password", "/login"):
            assert client.post(path, headers=headers).status_code == 403, headers
    assert parts.pulled == []
    assert client.get("/state.json").status_code == 200


def test_other_sites_cannot_embed_what_is_seen_but_may_link_to_it(client):
    log_in(client)
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert client.get("/live.jpg", headers=embedded).status_code == 403
    linked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=linked).status_code == 200


def test_every_answer_forbids_scripts_of_others_and_frames(client):
    for path in ("/login", "/nothing", "/state.json", "/page.css"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("192.168.1.7:9464", 200),
        ("[fe80::1]:9464", 200),
        ("localhost", 200),
        ("Meter.Example.org", 200),
        ("evil.example", 400),
        ("meter.example.org.evil.example", 400),
        ("192.168.1.7.evil.example", 400),
        ("192.168.1.7@evil.example", 400),
        ("", 400),
        ("[::1", 400),
        ("localhost:port", 400),
    ],
)
def test_names_that_are_not_ours_see_nothing_not_even_the_login(parts, secret, host, code):
    secret.set_password(PASSWORD)
    with ExitStack() as stack:
        served = app(parts, stack, address="0.0.0.0", secret_file=secret.path, names=("meter.example.org",))
        client = TestClient(served, base_url=OPEN)
        assert client.get("/login", headers={"Host": host}).status_code == code


def test_an_address_is_no_name_for_a_page_of_this_machine_alone(parts):
    with ExitStack() as stack:
        client = TestClient(app(parts, stack), base_url="http://localhost:9464")
        assert client.get("/").status_code == 200  # nobody has to log in
        assert client.get("/", headers={"Host": "192.168.1.7"}).status_code == 400
        assert client.get("/login").status_code == 404


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


def test_behind_a_proxy_the_cookie_is_for_tls_and_the_client_is_whom_the_proxy_names(parts, secret):
    secret.set_password(PASSWORD)
    with ExitStack() as stack:
        served = app(parts, stack, secret_file=secret.path, names=("meter.example.org",), behind_proxy=True)
        client = TestClient(served, base_url="http://meter.example.org", follow_redirects=False)
        ours = {"Origin": "https://meter.example.org"}
        for _ in range(sessions.FREE_TRIES):
            headers = ours | {"X-Forwarded-For": "1.2.3.4, 10.0.0.9"}
            assert client.post("/login", data={"secret": "wrong"}, headers=headers).status_code == 403
        forged = ours | {"X-Forwarded-For": "5.6.7.8, 10.0.0.9"}
        assert client.post("/login", data={"secret": PASSWORD}, headers=forged).status_code == 429
        others = ours | {"X-Forwarded-For": "10.0.0.10"}
        answer = client.post("/login", data={"secret": PASSWORD}, headers=others)
        assert answer.status_code == 303
        assert answer.headers["set-cookie"].startswith("__Host-ocr-edge-9464=")
        assert "; secure" in answer.headers["set-cookie"].lower()


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


def test_a_secret_file_that_went_away_lets_nobody_in_and_says_why(client, secret):
    secret.path.unlink()
    answer = log_in(client)
    assert answer.status_code == 503
    assert "is not there; `ocr-edge init` makes it" in answer.text


def test_the_file_holds_hashes_alone_and_is_its_owners_alone(secret):
    token = secret.new_token(now=0.0)
    secret.path.chmod(0o644)
    secret.set_password(PASSWORD)
    again = secret.new_token()
    text = secret.path.read_text()
    assert secret.path.stat().st_mode & 0o777 == 0o600
    assert not any(word in text for word in (PASSWORD, token, again, again.replace("-", "")))
    assert text.count("$argon2id$") == 2
    assert secret.opened_by(PASSWORD, time.time()) == "password"
    assert secret.opened_by(token, time.time()) == ""
    assert secret.opened_by(again, time.time() + secret_file.TOKEN_S + 1) == ""
    assert secret.opened_by(again, time.time()) == "token"
    assert secret.opened_by(again, time.time()) == ""


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"password": 5}', b'{"passwort": ""}', b"\xff", PASSWORD.encode()]
)
def test_a_damaged_secret_file_opens_nothing_and_can_be_made_anew(secret, content):
    secret.path.write_bytes(content)
    with pytest.raises(ConfigError, match="damaged or no secret file"):
        secret.opened_by(PASSWORD, 0.0)
    token = secret.new_token()
    assert secret.opened_by(token, time.time()) == "token"


def test_a_token_that_cannot_be_spent_opens_nothing(secret, monkeypatch):
    token = secret.new_token()
    monkeypatch.setattr(
        "ocr_edge.web.secret_file.os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space"))
    )
    with pytest.raises(ConfigError, match="cannot be written: No space"):
        secret.opened_by(token, time.time())


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"address": "0.0.0.0"}, "address 0.0.0.0 opens it to the network: expected secret_file too"),
        ({"address": "::"}, "address :: opens it to the network"),
        ({"names": ("a.example",)}, "names opens it to the network"),
        ({"behind_proxy": True}, "behind_proxy opens it to the network"),
        ({"address": "localhost"}, "address 'localhost' is no IP address"),
        ({"cert_file": "a.pem"}, "cert_file and key_file go together"),
    ],
)
def test_an_open_page_without_a_secret_is_refused_in_one_line(settings, why):
    with pytest.raises(ValueError, match=why):
        Http(page=PageSettings(), **settings)
