"""The webhook posts each reading once it can, and gives nothing away."""

import json
import logging
import socket
import ssl
import subprocess
import threading
import traceback
from contextlib import closing

import pytest

from ocr_edge.config.settings import Webhook
from ocr_edge.errors import ConfigError, LaterError, PublishError, RefusedError
from ocr_edge.reading import Reading
from ocr_edge.sinks.outbox import Outbox
from ocr_edge.sinks.webhook import WebhookSink
from ocr_edge.system.health import Health

from . import webhook_parts as parts

receiver = parts.receiver


def reading(number: int = 7) -> Reading:
    return Reading("camera", (), 1.5, "meter", number=number, device="pi")


def test_a_reading_is_posted_with_its_token_and_an_id_that_makes_it_unique(receiver, tmp_path):
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    WebhookSink(Webhook(url=receiver.url, token_file=str(token))).publish(reading())
    path, headers, body = receiver.requests[0]
    assert path == "/hook/secret-path?key=secret-key"
    assert headers["Authorization"] == "Bearer s3cret"
    assert headers["Idempotency-Key"] == reading().id
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == reading().as_dict()


def test_a_user_in_the_address_becomes_basic_authentication(receiver):
    WebhookSink(Webhook(url=receiver.url.replace("127", "me%40home:pa%20ss@127", 1))).publish(reading())
    assert receiver.requests[0][1]["Authorization"] == "Basic bWVAaG9tZTpwYSBzcw=="
    assert receiver.requests[0][1]["Host"] == f"127.0.0.1:{receiver.server_port}"


@pytest.mark.parametrize("code", [301, 307, 401, 403, 404, 408, 425, 429, 500, 502, 503])
def test_what_time_or_the_owner_can_cure_is_tried_again(receiver, code):
    receiver.code = code
    with pytest.raises(PublishError, match=f"answers {code}") as caught:
        WebhookSink(Webhook(url=receiver.url)).publish(reading())
    assert not isinstance(caught.value, RefusedError)


@pytest.mark.parametrize("code", [400, 409, 413, 415, 422])
def test_what_is_wrong_with_the_reading_is_not(receiver, code):
    receiver.code = code
    with pytest.raises(RefusedError, match=f"answers {code}"):
        WebhookSink(Webhook(url=receiver.url)).publish(reading())


@pytest.mark.parametrize(("value", "seconds"), [("7", 7), ("86400", 60)])
def test_a_receiver_may_say_when_to_come_again_within_a_minute(receiver, value, seconds):
    receiver.code, receiver.headers = 503, {"Retry-After": value}
    with pytest.raises(LaterError) as caught:
        WebhookSink(Webhook(url=receiver.url)).publish(reading())
    assert caught.value.after_s == seconds


def test_a_redirect_takes_the_token_nowhere(receiver, tmp_path):
    token = tmp_path / "token"
    token.write_text("s3cret")
    receiver.code, receiver.headers = 302, {"Location": f"http://localhost:{receiver.server_port}/other"}
    with pytest.raises(PublishError, match="redirects are not followed"):
        WebhookSink(Webhook(url=receiver.url, token_file=str(token))).publish(reading())
    assert len(receiver.requests) == 1


def test_a_silent_receiver_is_given_up_in_time_and_a_missing_one_at_once(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(PublishError, match="timed out"):
            WebhookSink(Webhook(url=url, timeout_s=0.1)).publish(reading())
    with pytest.raises(PublishError, match=r"127\.0\.0\.1:\d+ not reachable: connection refused"):
        WebhookSink(Webhook(url=url)).publish(reading())
    with pytest.raises(PublishError, match="not reachable"):
        WebhookSink(Webhook(url="http://nowhere.invalid/")).publish(reading())


def test_an_answer_that_is_not_http_is_an_error_like_any_other(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with closing(socket.create_server(("127.0.0.1", 0))) as odd:

        def answer():
            connection, _ = odd.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(PublishError, match="gave no answer"):
            WebhookSink(Webhook(url=f"http://127.0.0.1:{odd.getsockname()[1]}/")).publish(reading())
        thread.join(5)


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(receiver, tmp_path):
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost"
    )
    try:
        subprocess.run(
            [*command.split(), "-addext", "subjectAltName=DNS:localhost"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    url = f"https://localhost:{receiver.server_port}/"
    with pytest.raises(PublishError, match="certificate is not trusted: self-signed"):
        WebhookSink(Webhook(url=url)).publish(reading())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        WebhookSink(Webhook(url=url)).publish(reading())
    assert len(receiver.requests) == 1


def test_no_log_and_no_message_names_more_of_the_address_than_its_host(receiver, caplog):
    caplog.set_level(logging.DEBUG)
    sink = WebhookSink(Webhook(url=receiver.url.replace("127", "me:secret-word@127", 1), timeout_s=0.2))
    said = ""
    for receiver.code in (404, 400, 302):
        with pytest.raises(PublishError) as caught:
            sink.publish(reading())
        said += "".join(traceback.format_exception(caught.value))
    receiver.shutdown()
    receiver.socket.close()
    health = Health()
    box = Outbox("webhook", sink, health=health)
    box.put(reading(8))
    box.close(2)
    said += caplog.text + health.state(0).text + box.stats.last_error
    assert "127.0.0.1" in health.state(0).text
    assert "secret" not in said


def test_addresses_and_tokens_that_cannot_work_are_refused(tmp_path):
    token = tmp_path / "token"
    token.write_text("two\nlines")
    for url, file in [
        ("http://", ""),
        ("http://a:b:c/", ""),
        ("http://a/", str(token)),
        ("http://a/", "/no/such"),
    ]:
        with pytest.raises(ConfigError):
            WebhookSink(Webhook(url=url, token_file=file))
    token.write_text("one")
    with pytest.raises(ConfigError, match="exclude each other"):
        WebhookSink(Webhook(url="http://me@a/", token_file=str(token)))
