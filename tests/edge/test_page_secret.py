"""The file with the page's password and token: its hashes, its damage, its absence."""

import time

import pytest

pytest.importorskip("argon2", reason="argon2-cffi is not installed")
pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from ocr_edge.errors import ConfigError
from ocr_edge.web import secret_file

from . import guard_parts
from .guard_parts import log_in
from .page_parts import PASSWORD

cheap, parts, secret = guard_parts.cheap, guard_parts.parts, guard_parts.secret
client = guard_parts.client


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
