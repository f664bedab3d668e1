"""What the page gives besides pictures and history: its state with the log, and its own files alone."""

import logging

import pytest

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from . import page_client
from .page_client import get

parts, client, served = page_client.parts, page_client.client, page_client.served


def test_the_state_has_readings_receivers_and_the_newest_lines_of_the_log(parts, client):
    logger = logging.getLogger("ocr_edge.test")
    with parts.log:
        logging.getLogger("ocr_edge").setLevel(logging.INFO)
        for number in range(300):
            logger.info("line %d\nwith a break", number)
        logger.debug("not this")
    logger.info("nor this")
    state = client.get("/state.json").json()
    assert [line["text"] for line in state["log"]][-1] == "line 299\\nwith a break"
    assert len(state["log"]) == 200
    (said,) = state["readings"]
    assert (said["region"], said["text"], said["value"], said["unit"]) == ("meter", "123", 123.0, "m³")
    assert (state["name"], state["login"], state["facts"]) == ("test", False, {"bundle": "default"})


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/page.css/",
        "/assets/page.css",
        "/__init__.py",
        "/login.html",
        "/live.html",
        "//etc/passwd",
        "/\\..\\x",
        "/%00",
    ],
)
def test_there_are_no_files_but_those_of_the_page(client, served, path):
    answer = client.get(path)
    assert answer.status_code == 404
    raw = get(served, path)
    assert raw.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 "))
    assert b"root:" not in raw


def test_files_of_the_page_ask_no_other_host_and_have_no_inline_script(client):
    for path in (
        "/",
        "/history",
        "/state",
        "/page.css",
        "/common.js",
        "/live.js",
        "/history.js",
        "/plot.js",
        "/state.js",
        "/icon.svg",
    ):
        answer = client.get(path)
        assert answer.status_code == 200
        text = answer.text.replace("http://www.w3.org/2000/svg", "")
        assert "//" not in text.replace("// ", "") or (path.endswith(".js") and "://" not in text)
        assert "innerHTML" not in text
        assert " style=" not in text
        assert "onclick" not in text
        assert "<script>" not in text
        expected = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
        assert answer.headers["content-type"].startswith(expected.get(path.rpartition(".")[2], "text/html"))
