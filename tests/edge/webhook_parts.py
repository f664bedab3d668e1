"""A receiver of webhooks on loopback."""

import http.server
import threading

import pytest


class Receiver(http.server.ThreadingHTTPServer):
    """Answers what it is told to, and remembers what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.code, self.headers, self.requests = 204, {}, []
        self.url = f"http://127.0.0.1:{self.server_port}/hook/secret-path?key=secret-key"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, self.headers, body))
        self.send_response(self.server.code)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - the library's name; where a redirect would arrive

    def log_message(self, *args):
        pass


@pytest.fixture
def receiver(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)
