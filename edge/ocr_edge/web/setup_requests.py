"""What the page asks of the set-up, and how it is told what is wrong."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ocr_edge.config.versions import CHANGED
from ocr_edge.errors import CaptureError, ConfigError
from ocr_edge.web.answers import refusal
from ocr_edge.web.helper import Busy
from ocr_edge.web.wanted import Wanted

Answer = Callable[[Request], Awaitable[Response]]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a request says; each route takes the parts that it needs."""

    still: int = 0
    of: str = "camera"
    region: str = ""
    name: str = ""
    hash: str = ""
    wanted: Wanted | None = None

    @property
    def set_up(self) -> Wanted:
        """What is wanted.

        Raises:
            ConfigError: The request does not say.
        """
        if self.wanted is None:
            raise ConfigError("the set-up is missing")
        return self.wanted


async def asked_by(request: Request) -> Asked:
    """What a request says; a ``ConfigError`` where it is none of ours."""
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=Asked)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(f"the request: {str(error).replace('`', chr(39))}") from error


def number(request: Request, name: str = "number") -> int:
    """A number in a request's address; -1 where there is none."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def answered(answer: Answer) -> Answer:
    """The same, with what is wrong as one line."""

    async def instead(request: Request) -> Response:
        try:
            return await answer(request)
        except Busy as error:
            return refusal(503, str(error))
        except CaptureError as error:
            return refusal(404, str(error))
        except ConfigError as error:
            return refusal(409 if str(error) == CHANGED else 400, str(error))

    return instead
