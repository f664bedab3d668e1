"""Who is let in to the page by Host and Origin, and what other sites may do with it."""

from contextlib import ExitStack

import pytest

pytest.importorskip("argon2", reason="argon2-cffi is not installed")
pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from starlette.testclient import TestClient

from ocr_edge.config.settings import Http, PageSettings
from ocr_edge.web import sessions

from . import guard_parts
from .guard_parts import OPEN, log_in
from .page_parts import PASSWORD, app

cheap, parts, secret = guard_parts.cheap, guard_parts.parts, guard_parts.secret
client = guard_parts.client


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
