"""A browser in the network, before a page that is open to it and asks for a password."""

from contextlib import ExitStack

import pytest
from starlette.testclient import TestClient

from ocr_edge.web import secret_file
from ocr_edge.web.secret_file import SecretFile

from .page_parts import PASSWORD, Parts, app, view

OPEN = "http://192.168.1.7:9464"
OURS = {"Origin": OPEN, "Sec-Fetch-Site": "same-origin"}


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
