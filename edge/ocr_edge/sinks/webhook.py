"""Each reading as a POST of JSON."""

import base64
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from ocr_edge import __version__
from ocr_edge.config.settings import Webhook
from ocr_edge.errors import ConfigError, LaterError, PublishError, RefusedError
from ocr_edge.reading import Reading
from ocr_edge.system import credentials

_SET_UP = {401, 402, 403, 404, 407, 408, 421, 423, 425, 429}
"""Client errors that say nothing against the reading: the owner or time can cure them."""
_LONGEST_WAIT_S = 60.0


class WebhookSink:
    """Posts the published form of each reading, and waits for a 2xx answer.

    The reading's id is the ``Idempotency-Key``: a receiver that sees one twice should take it once. Redirects are not
    followed, so the token never reaches another host. The address may hold secrets: only its host is ever named.

    Attributes:
        host: Scheme, host and port of the receiver.
    """

    def __init__(self, settings: Webhook) -> None:
        """Read the token.

        Raises:
            ConfigError: The address or the token cannot be used.
        """
        self._timeout_s = settings.timeout_s
        try:
            parts = urlsplit(settings.url)
            self.host = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        except ValueError as error:
            raise ConfigError("webhook.url: host or port cannot be understood") from error
        if not parts.hostname:
            raise ConfigError("webhook.url: has no host; expected https://host/path")
        # The standard library does not take a user's name out of the address.
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        self._headers = {"Content-Type": "application/json", "User-Agent": f"ocr-edge/{__version__}"}
        token = credentials.read(settings.token_file)
        if not token.isprintable() or not token.isascii():
            raise ConfigError(f"{settings.token_file}: a token must be one line of ASCII")
        if token and parts.username:
            raise ConfigError("webhook: a user in the URL and a token_file exclude each other; remove one")
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        elif parts.username:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        https = urllib.request.HTTPSHandler(context=ssl.create_default_context())
        self._opener = urllib.request.build_opener(_NoRedirect, https)

    def publish(self, reading: Reading) -> None:
        """Post one reading."""
        self.post(reading.as_dict(), reading.id)

    def post(self, body: Mapping[str, object], key: str) -> None:
        """Post JSON; the errors of ``publish``.

        Args:
            body: Plain values.
            key: By which a receiver knows it again; empty for none.
        """
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        request = urllib.request.Request(self._url, msgspec.json.encode(body), headers)
        try:
            self._opener.open(request, timeout=self._timeout_s).close()
        except urllib.error.HTTPError as error:
            error.close()
            self._answered(error)
        # `from None`: the address is in the arguments of some of these, and a traceback would show them.
        except urllib.error.URLError as error:
            raise PublishError(f"{self.host} not reachable: {_reason(error.reason)}") from None
        except (OSError, http.client.HTTPException) as error:
            raise PublishError(f"{self.host} gave no answer: {_reason(error)}") from None

    def close(self) -> None:
        """Nothing is left open."""

    def _answered(self, error: urllib.error.HTTPError) -> None:
        """Turn an answer other than 2xx into what it means."""
        answer = f"{self.host} answers {error.code} {error.reason}"
        if 300 <= error.code < 400:
            raise PublishError(
                f"{answer}: redirects are not followed; put the final address into webhook.url"
            )
        if 400 <= error.code < 500 and error.code not in _SET_UP:
            raise RefusedError(answer)
        if error.code in (401, 403, 404):
            answer += ": check webhook.url and webhook.token_file"
        seconds = error.headers.get("Retry-After", "")
        if seconds.isascii() and seconds.isdigit():
            raise LaterError(answer, min(float(seconds), _LONGEST_WAIT_S))
        raise PublishError(answer)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        """No request: the redirect becomes an error."""


def _reason(error: object) -> str:
    """What went wrong, without the address."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError):
        return str(error.strerror or type(error).__name__).lower()
    return type(error).__name__
