"""Downloads against a server of our own on the loopback: resumed, checked, and refused in one clear line."""

import hashlib
import re
import socket
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from ocr_edge.errors import ConfigError
from ocr_train.datasets import download as module
from ocr_train.datasets import emnist
from ocr_train.datasets.download import download, fetch_emnist

CONTENT = np.random.default_rng(1).bytes(700_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
TIMEOUT_S = 5.0


class Server(ThreadingHTTPServer):
    """Serves ``files``, with or without ranges; breaks off at ``cut_at``; silent while ``stall`` is clear."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {"/file": CONTENT}
        self.ranges, self.cut_at, self.declare = True, None, True
        self.stall = threading.Event()
        self.stall.set()
        self.asked: list[str | None] = []

    def url(self, path: str = "/file") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, wanted = self.server, self.headers.get("Range")
        server.asked.append(wanted)
        server.stall.wait(30)
        data = server.files.get(self.path)
        if data is None:
            self.send_error(404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and server.ranges else 0
        if start >= len(data) > 0 and start:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if server.declare:
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start : server.cut_at])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.stall.set()
        running.shutdown()
        thread.join(5)


def test_a_file_is_fetched_checked_and_complete(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "file.bin"
    assert download(server.url(), path, SHA256.upper(), timeout_s=TIMEOUT_S) == SHA256
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["file.bin"]
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith("0.7 of 0.7 MB, 100 %\n")


def test_without_a_checksum_the_one_found_is_said(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert download(server.url(), tmp_path / "f", timeout_s=TIMEOUT_S) == SHA256
    assert f"sha256 {SHA256}; pin it" in caplog.text


def test_a_file_of_unknown_length_is_fetched(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.declare = False
    download(server.url(), tmp_path / "f", SHA256, timeout_s=TIMEOUT_S)
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert "%" not in capsys.readouterr().err


def test_a_file_that_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(CONTENT)
    assert download(server.url(), tmp_path / "f", SHA256) == SHA256
    assert server.asked == []
    (tmp_path / "f").write_bytes(b"other")
    with pytest.raises(ConfigError, match="delete it to have it fetched again"):
        download(server.url(), tmp_path / "f", SHA256)
    assert (tmp_path / "f").read_bytes() == b"other"


def test_an_interrupted_download_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.cut_at = 300_000
    with pytest.raises(ConfigError, match=r"broke off \(300,000 of 700,000 bytes came\); run again"):
        download(server.url(), tmp_path / "f", SHA256, timeout_s=TIMEOUT_S)
    assert not (tmp_path / "f").exists()
    assert (tmp_path / "f.part").read_bytes() == CONTENT[:300_000]
    server.cut_at = None
    download(server.url(), tmp_path / "f", SHA256, timeout_s=TIMEOUT_S)
    assert server.asked == [None, "bytes=300000-"]
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_server_without_ranges_sends_everything_again(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / "f.part").write_bytes(CONTENT[:300_000])
    download(server.url(), tmp_path / "f", SHA256, timeout_s=TIMEOUT_S)
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize(("have", "asked"), [(CONTENT, 1), (CONTENT + b"too much", 2)])
def test_a_part_with_nothing_missing_is_finished(
    server: Server, tmp_path: Path, have: bytes, asked: int
) -> None:
    (tmp_path / "f.part").write_bytes(have)
    download(server.url(), tmp_path / "f", SHA256, timeout_s=TIMEOUT_S)
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert len(server.asked) == asked


def test_without_a_checksum_nothing_is_resumed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "f.part").write_bytes(b"of another version")
    download(server.url(), tmp_path / "f", timeout_s=TIMEOUT_S)
    assert server.asked == [None]
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_another_checksum_is_refused_and_the_part_deleted(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"sha256 is {SHA256}, expected {'0' * 64}") as caught:
        download(server.url(), tmp_path / "f", "0" * 64, timeout_s=TIMEOUT_S)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the server answered 404 Not Found"):
        download(server.url("/absent"), tmp_path / "f", timeout_s=TIMEOUT_S)
    assert list(tmp_path.iterdir()) == []


def test_a_silent_server_is_given_up(server: Server, tmp_path: Path) -> None:
    server.stall.clear()
    with pytest.raises(ConfigError, match="timed out"):
        download(server.url(), tmp_path / "f", SHA256, timeout_s=0.2)


def test_an_absent_server_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ConfigError, match=r"cannot be reached \(.*refused"):
        download(f"http://127.0.0.1:{port}/file", tmp_path / "f", timeout_s=TIMEOUT_S)
    with pytest.raises(ConfigError, match="expected an http or https address"):
        download("file:///etc/hostname", tmp_path / "f")


def test_a_full_disk_is_noticed_before_it_is_full(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = module.shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ConfigError, match=r"needs 700,000 bytes, but .* has 1,000 free"):
        download(server.url(), tmp_path / "f", SHA256, timeout_s=TIMEOUT_S)


def test_a_place_that_cannot_be_written_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"(Not a directory|File exists)"):
        download(server.url(), tmp_path / "file" / "f", timeout_s=TIMEOUT_S)


def archive(names: list[str]) -> bytes:
    stored = BytesIO()
    with zipfile.ZipFile(stored, "w") as target:
        for name in names:
            target.writestr(name, name.encode())
    return stored.getvalue()


OFFICIAL = [
    f"gzip/{file}{'' if file.endswith('.txt') else '.gz'}"
    for name in emnist.NAMES
    for file in emnist.file_names(name)
]


def test_emnist_is_fetched_and_only_what_is_wanted_unpacked(server: Server, tmp_path: Path) -> None:
    data = archive([*OFFICIAL, "../../evil.txt", "gzip/emnist-digits-train-images-idx3-ubyte.gz.exe"])
    server.files["/gzip.zip"] = data
    sha256 = hashlib.sha256(data).hexdigest()
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        paths = fetch_emnist(
            folder, ["digits"], url=server.url("/gzip.zip"), sha256=sha256, timeout_s=TIMEOUT_S
        )
    assert len(server.asked) == 1
    assert {path.name for path in folder.iterdir()} == {path.name for path in paths} | {"emnist-gzip.zip"}
    assert len(paths) == 5
    assert paths[0].read_bytes() == b"gzip/emnist-digits-train-images-idx3-ubyte.gz"
    assert not list(tmp_path.rglob("evil.txt"))
    fetch_emnist(folder, ["digits", "letters"], url=server.url("/gzip.zip"), sha256=sha256)
    assert len(server.asked) == 1


def test_a_wrong_emnist_archive_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files |= {"/lacking": archive(OFFICIAL[:2]), "/junk": b"junk" * 99, "/whole": archive(OFFICIAL)}

    def fetch(name: str, sha256: str | None = None) -> None:
        fetch_emnist(tmp_path / name, url=server.url(f"/{name}"), sha256=sha256, timeout_s=TIMEOUT_S)

    with pytest.raises(ConfigError, match=r"emnist-byclass-test-images-idx3-ubyte\.gz is missing"):
        fetch("lacking")
    with pytest.raises(ConfigError, match="cannot be unpacked"):
        fetch("junk")
    with pytest.raises(ConfigError, match="sha256 is"):
        fetch("whole", module.EMNIST_SHA256)
    monkeypatch.setattr(module, "_LARGEST_MEMBER", 10)
    with pytest.raises(ConfigError, match=r"would be \d+ bytes"):
        fetch("whole")
    with pytest.raises(ConfigError, match="no data set 'all'; known are byclass"):
        fetch_emnist(tmp_path, ["all"])
