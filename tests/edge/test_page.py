"""What the page shows: the newest picture, masked where the owner wants that, readings, history, the log."""

import asyncio
import contextlib
import csv
import http.client
import io
import json
import logging
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
from contextlib import ExitStack, closing

import cv2
import numpy as np
import pytest

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from starlette.testclient import TestClient

from ocr_edge.config.settings import Http, PageSettings
from ocr_edge.system.health import Health
from ocr_edge.web import history, pictures, server
from ocr_edge.web.history import Filter, History, TooMuch, harmless, utc
from ocr_edge.web.pictures import Pictures, made
from ocr_edge.web.serving import Serving
from ocr_edge.web.view import Newest

from .broker import until
from .page_parts import Parts, app, reading, view


@pytest.fixture
def parts(tmp_path):
    return Parts(tmp_path)


@pytest.fixture
def client(parts):
    with ExitStack() as stack:
        yield TestClient(app(parts, stack), base_url="http://localhost:9464")


@pytest.fixture
def served(parts):
    """A port of a real server."""
    with Serving(Http(port=0, page=PageSettings(frames_per_s=30)), Health(), parts.asked) as serving:
        until(lambda: serving.port and get(serving.port, "/page.css"))
        yield serving.port


def get(port: int, path: str, wait_s: float = 5.0) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=wait_s)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def test_the_newest_picture_comes_with_what_was_seen_in_it(parts, client):
    parts.newest.show(view(text="123"))
    told = client.get("/live.json").json()
    assert (told["width"], told["height"]) == (200, 100)
    (region,) = told["regions"]
    assert (region["region"], region["text"], region["confidence"]) == ("meter", "123", 0.9)
    assert region["corners"][0] == [10.0, 20.0]
    assert region["timing_ms"] == {"total": 12.3}
    assert region["lines"][0]["box"] == [10, 10, 23, 12]
    assert region["lines"][0]["characters"][1] == ["2", 0.9, [18, 10, 7, 12]]
    jpeg = client.get(f"/live.jpg?number={told['number']}").content
    assert decoded(jpeg).shape == (100, 200, 3)
    assert client.get("/live.jpg").content == jpeg
    for number in ("999", "-1x", "1" * 30):
        assert client.get(f"/live.jpg?number={number}").status_code == (404 if number == "999" else 200)


def test_before_the_first_picture_there_is_none(client, monkeypatch):
    monkeypatch.setattr(pictures.Pictures.next, "__defaults__", (0.05,))
    assert client.get("/live.json").status_code == 204
    assert client.get("/live.jpg").status_code == 404


def test_masked_regions_are_masked_on_the_page_too():
    seen = decoded(made(view(shade=90, masked=True), 1, 960).jpeg)
    assert seen[50, 50].min() > 240
    assert seen[50, 150].max() < 10  # 90 in the frame
    assert seen[5, 5].max() < 10
    assert decoded(made(view(shade=90), 1, 960).jpeg)[50, 150].min() > 80
    lost = view(masked=True)
    unknown = type(lost.regions[0])("meter", None, None, "")
    lost = type(lost)(lost.image, lost.time, (unknown,), masked=True)
    assert decoded(made(lost, 1, 960).jpeg).max() < 10  # where the regions are is not known


def test_a_large_picture_is_sent_small_and_boxes_stay_those_of_the_frame():
    large = view()
    large = type(large)(cv2.resize(large.image, (2000, 1000)), large.time, large.regions, masked=False)
    picture = made(large, 1, 500)
    assert decoded(picture.jpeg).shape == (250, 500, 3)
    assert json.loads(picture.told)["width"] == 2000


def test_pictures_are_made_only_for_who_asks_once_for_all_and_at_most_so_often(monkeypatch):
    count = 0
    make = pictures.made

    def counted(*args):
        nonlocal count
        count += 1
        return make(*args)

    monkeypatch.setattr(pictures, "made", counted)
    newest = Newest()
    stop = threading.Event()

    def show():
        while not stop.is_set():
            newest.show(view())
            time.sleep(0.002)

    showing = threading.Thread(target=show)
    showing.start()

    async def look(viewers: int, seconds: float) -> list[int]:
        made = Pictures(newest, PageSettings(frames_per_s=10))

        async def viewer() -> int:
            after, seen, ends = -1, 0, time.monotonic() + seconds
            while time.monotonic() < ends:
                picture = await made.next(after)
                assert picture.number > after
                after, seen = picture.number, seen + 1
            return seen

        try:
            return await asyncio.gather(*(viewer() for _ in range(viewers)))
        finally:
            made.close()

    try:
        time.sleep(0.1)
        assert count == 0
        seen = asyncio.run(look(5, 1.05))
    finally:
        stop.set()
        showing.join()
    assert 6 <= count <= 12  # 10 a second, for five viewers
    assert max(seen) <= 12
    assert min(seen) >= 5


def test_who_waits_hears_of_the_next_picture_and_leaves_nothing_behind():
    newest = Newest()

    async def wait() -> tuple[bool, bool, int]:
        late = await newest.wait(-1, 0.02)
        left = len(newest._waiting)
        threading.Timer(0.05, newest.show, [view()]).start()
        return late, await newest.wait(-1, 5.0), left

    assert asyncio.run(wait()) == (False, True, 0)
    newest.show(view())  # nobody waits, and the loop of then has ended


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


def test_history_is_paged_and_filtered(parts, client):
    texts = [f"{number:03d}" for number in range(120)]
    parts.keep(
        *(reading(text, 1000.0 + n, n + 1, value=float(n), unit="m³") for n, text in enumerate(texts)),
        reading("", 2000.0, 500, region="plate", why="too fast", raw="999"),
        reading("AB 12", 2001.0, 501, region="plate"),
    )

    def ask(**wanted):
        answer = client.get("/history.json", params=wanted)
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = ask()
    assert [row["number"] for row in first["rows"]] == [501, 500, *range(120, 72, -1)]
    second = ask(before=first["next"])
    third = ask(before=second["next"])
    assert [row["number"] for row in third["rows"]] == list(range(22, 0, -1))
    assert third["next"] is None
    assert [row["text"] for row in ask(region="plate")["rows"]] == ["AB 12", ""]
    assert [row["why"] for row in ask(kind="doubted")["rows"]] == ["too fast"]
    assert [row["text"] for row in ask(text="ab")["rows"]] == ["AB 12"]
    assert [row["text"] for row in ask(**{"from": 1005, "to": 1008})["rows"]] == ["007", "006", "005"]
    assert ask(least=0.95)["rows"] == []
    assert ask(text="' OR 1=1 --")["rows"] == []
    assert ask(text="%")["rows"] == []


@pytest.mark.parametrize(
    "query",
    [
        "from=x",
        "to=nan",
        "to=inf",
        "least=2",
        "kind=other",
        "before=-1",
        "before=1.5",
        "surprise=1",
        "text=" + "x" * 300,
        "before=99999999999999999999",
        "region=" + "x" * 65,
    ],
)
def test_a_question_that_makes_no_sense_is_told_so(parts, client, query):
    parts.keep(reading("1", number=1))
    for path in ("/history.json", "/points.json", "/history.csv"):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert "\n" not in answer.json()["error"]
        assert query.partition("=")[0] in answer.json()["error"] or "field" in answer.json()["error"]


def test_the_table_for_other_programs_has_all_rows_and_no_formula(parts, client, monkeypatch):
    monkeypatch.setattr(history, "BATCH", 7)
    parts.keep(
        *(reading(f"{n}", 1_000_000_000.25 + n, n, value=float(n)) for n in range(1, 31)),
        reading("=1+1", 2.0, 40),
        reading("-3.4", 3.0, 41),
        reading("@x", 4.0, 42),
        reading('a,"b"', 5.0, 43),
    )
    answer = client.get("/history.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="readings.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["number"]) for row in rows] == [43, 42, 41, 40, *range(30, 0, -1)]
    assert [row["text"] for row in rows[:4]] == ['a,"b"', "'@x", "-3.4", "'=1+1"]
    assert rows[-1]["utc"] == "2001-09-09T01:46:41.250Z"
    assert (harmless("+4"), harmless("-a"), utc(1e30)) == ("+4", "'-a", "")


def test_points_of_a_short_span_are_all_and_of_a_long_one_spread_over_it(tmp_path, monkeypatch):
    parts = Parts(tmp_path)
    parts.keep(
        *(reading("1", 1000.0 + n, n + 1, value=float(n)) for n in range(400)),
        reading("", 1200.5, 900, why="no"),
    )
    asked = History(parts.store)
    found = asked.points(Filter(region="meter"))
    assert [point[1] for point in found["points"]] == list(range(400))
    assert found["sampled"] is False
    monkeypatch.setattr(history, "POINTS", 100)
    monkeypatch.setattr(history, "PARTS", 40)
    newest = asked.points(Filter())
    assert [point[1] for point in newest["points"]] == list(range(300, 400))
    spread = asked.points(Filter(since=1000.0))
    values = [point[1] for point in spread["points"]]
    assert spread["sampled"] is True
    assert values[0] == 0
    assert values[-1] == 399
    assert len(values) == 41
    assert max(np.diff(values)) <= 11


def test_a_question_that_takes_too_long_is_ended(parts, client, monkeypatch):
    parts.keep(*(reading(str(n), number=n) for n in range(1, 200)))
    monkeypatch.setattr(history, "LIMIT_S", -1.0)
    monkeypatch.setattr(history, "STEPS", 10)
    with pytest.raises(TooMuch):
        History(parts.store).rows(Filter(text="nowhere"))
    answer = client.get("/history.json?text=nowhere")
    assert (answer.status_code, answer.json()["error"]) == (
        503,
        "too many readings to look through: choose a shorter time",
    )


def test_a_store_that_is_not_there_or_damaged_is_said(parts, client):
    answer = client.get("/history.json")
    assert (answer.status_code, "cannot be opened" in answer.json()["error"]) == (503, True)
    parts.store.write_bytes(b"no database" * 1000)
    assert client.get("/history.csv").status_code == 503
    assert not (parts.store.parent / "readings.sqlite-wal").exists()  # it is only read


def test_a_browser_keeps_its_connection_and_a_stalled_one_is_ended(parts, served, monkeypatch):
    parts.newest.show(view())
    monkeypatch.setattr(server, "STALLED_S", 0.3)
    with closing(http.client.HTTPConnection("127.0.0.1", served, timeout=5)) as connection:
        connection.connect()
        ours = connection.sock
        for _ in range(3):
            connection.request("GET", "/live.jpg")
            assert connection.getresponse().read().startswith(b"\xff\xd8")
            assert connection.sock is ours
        began = time.monotonic()
        with contextlib.suppress(ConnectionResetError):
            assert ours.recv(65536) == b""
        assert time.monotonic() - began < 3


def test_who_waits_for_a_picture_is_not_hung_up_on(parts, served, monkeypatch):
    monkeypatch.setattr(server, "EXCHANGE_S", 0.2)
    threading.Timer(1.0, parts.newest.show, [view()]).start()
    assert b'"region":"meter"' in get(served, "/live.json")


def test_who_does_not_take_the_table_is_hung_up_on_and_others_are_answered(parts, served, monkeypatch):
    monkeypatch.setattr(server, "STALLED_S", 0.5)
    parts.keep(reading("1", number=1))
    with sqlite3.connect(parts.store) as store:  # 6 MB of text
        columns = "time, region, text, value, unit, confidence, why, data"
        long = f"SELECT ?, {columns.replace('text', '?')} FROM readings WHERE number = 1"
        rows = ((number, "x" * 1500) for number in range(2, 4000))
        store.executemany(f"INSERT INTO readings (number, {columns}) {long}", rows)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with closing(slow):
        slow.settimeout(20)
        slow.connect(("127.0.0.1", served))
        slow.sendall(b"GET /history.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
        slow.recv(1, socket.MSG_PEEK)
        began = time.monotonic()
        assert get(served, "/state.json").startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - began < 2
        time.sleep(2.0)
        taken = 0
        with contextlib.suppress(ConnectionResetError):
            while part := slow.recv(65536):
                taken += len(part)
    assert taken < 4000 * 1500


def test_a_form_that_is_too_large_is_hung_up_on(served):
    head = b"POST /trigger HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", served), timeout=5)) as connection:
        answer = b""
        try:
            connection.sendall(head + bytes(100_000))
            while part := connection.recv(65536):
                answer += part
        except ConnectionError:
            pass
    assert answer == b""


@pytest.fixture
def certificate(tmp_path):
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl is not installed")
    return {"cert_file": tmp_path / "cert.pem", "key_file": tmp_path / "key.pem"}


def test_it_speaks_tls_with_an_own_certificate_and_waits_for_no_handshake(parts, certificate, monkeypatch):
    monkeypatch.setattr(server, "EXCHANGE_S", 2.0)
    monkeypatch.setattr(server, "CONNECTIONS", 8)
    settings = Http(port=0, page=PageSettings(), **certificate)
    with Serving(settings, Health(), parts.asked) as serving:
        context = ssl.create_default_context(cafile=certificate["cert_file"])
        until(lambda: serving.port)

        def ask() -> bytes:
            with (
                socket.create_connection(("127.0.0.1", serving.port), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as connection,
            ):
                connection.sendall(b"GET /page.css HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return b"".join(iter(lambda: connection.recv(65536), b""))

        assert ask().startswith(b"HTTP/1.1 200 ")
        with ExitStack() as stack:  # more than may wait: the rest is closed at once
            silent = [
                stack.enter_context(closing(socket.create_connection(("127.0.0.1", serving.port), timeout=5)))
                for _ in range(10)  # few enough for the queue of the kernel
            ]
            began = time.monotonic()
            assert silent[-1].recv(1) == b""
            assert time.monotonic() - began < 1.5
            assert silent[0].recv(1) == b""
            assert time.monotonic() - began < 4
        assert ask().startswith(b"HTTP/1.1 200 ")


def test_a_wrong_certificate_is_said_and_tried_again(parts, tmp_path):
    (tmp_path / "x.pem").write_text("no certificate")
    for file, why in ((tmp_path / "x.pem", "SSL"), (tmp_path / "nowhere.pem", "No such file")):
        health = Health()
        with Serving(Http(port=0, cert_file=file, key_file=file), health, parts.asked):
            until(lambda health=health: not health.state(0).ok)
            said = health.state(0).problems["http"]
            assert said.startswith(f"http.cert_file {file}, key_file: ")
            assert why in said
