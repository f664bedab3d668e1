"""The set-up on the page: a still to draw on, what regions would read in it, saving and undoing, receivers, focus."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ocr_edge.config import Config
from ocr_edge.config.load import parse
from ocr_edge.config.versions import CHANGED, Versions
from ocr_edge.errors import CaptureError, ConfigError, PublishError
from ocr_edge.web import focus, form, wanted
from ocr_edge.web.answers import json, refusal
from ocr_edge.web.helper import Busy, Helper
from ocr_edge.web.large import Large, admit
from ocr_edge.web.sight import Setup
from ocr_edge.web.still import Still, Stills, is_masked, uncovers
from ocr_edge.web.view import Newest
from ocr_edge.web.wanted import Wanted
from ocr_edge.web.worker import Worker

MAX_BYTES = 1 << 16
"""Largest request: a configuration of a hundred regions with all their settings has 50,000 bytes."""
APPLY_S = 20.0
"""Seconds in which the daemon takes what was saved: it ends the frame it is at, at most six, and builds its regions."""
FOCUS_WAIT_S = 15.0
"""As for pictures: proxies end a silent connection after 30 and more."""
RECEIVER_S = 20.0
"""Seconds after which nobody waits for a receiver any more: its own limits are shorter."""
Body = TypeVar("Body", bound="Asked")


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a request says; each route takes the parts that it needs."""

    still: int = 0
    of: str = "camera"
    region: str = ""
    name: str = ""
    hash: str = ""
    wanted: Wanted | None = None


class SetupRoutes:
    """What the routes do; for the loop of one server.

    Args:
        setup: What may be set up.
        newest: What is seen.
    """

    def __init__(self, setup: Setup, newest: Newest) -> None:
        self._setup, self._newest = setup, newest
        self._versions, self._stills, self._helper = Versions(setup.path), Stills(), Helper()
        self._worker, self._tester = Worker("http-still"), Worker("http-receiver")
        self._saving, self._testing = asyncio.Lock(), asyncio.Lock()
        self._explained: tuple[int, dict[str, bytes]] = (0, {})

    def close(self) -> None:
        """End threads and process."""
        self._helper.close()
        self._worker.close()
        self._tester.close()

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("/setup/state.json", _answered(self._state)),
            Route("/setup/still.jpg", _answered(self._jpeg)),
            Route("/setup/explained.png", _answered(self._png)),
            Route("/setup/focus.json", _answered(self._focus)),
            *(
                Large(f"/setup/{name}", _answered(_admitted(answer)), methods=["POST"])
                for name, answer in (("try", self._try), ("explain", self._explain), ("save", self._save))
            ),
            *(
                Route(f"/setup/{name}", _answered(answer), methods=["POST"])
                for name, answer in (
                    ("still", self._still),
                    ("suggest", self._suggest),
                    ("undo", self._undo),
                    ("reference", self._reference),
                    ("apply", self._apply_file),
                    ("receiver", self._receiver),
                )
            ),
        ]

    async def _state(self, _request: Request) -> Response:
        """The file's content, and what can be done with it."""
        return json(200, await self._worker.do(self._told))

    def _told(self) -> dict[str, Any]:
        now = self._versions.now()
        config = parse(now.text, self._setup.path)
        used, _ = self._setup.used()
        return {
            "file": str(self._setup.path),
            "hash": now.hash,
            "content": wanted.shown(now.text),
            "form": form.form(),
            "receivers": self._setup.receivers.names,
            "can_undo": self._versions.before() is not None,
            "is_taken": all(
                getattr(config, n) == getattr(used, n) for n in ("region", "picture", "stabilize", "check")
            ),
            "has_reference": config.picture.reference is not None,
            "masked": is_masked(used),
        }

    async def _still(self, request: Request) -> Response:
        """Hold a picture still."""
        asked = await _body(request)
        used, _ = self._setup.used()
        if asked.of == "reference":
            if used.picture.reference is None:
                return refusal(404, "there is no picture.reference")
            still = await self._worker.do(lambda: self._stills.reference(used))
        else:
            found = self._newest.get()
            if found is None:
                return refusal(404, "the camera has given no picture yet")
            view, _ = found
            still = await self._worker.do(lambda: self._stills.freeze(view))
        height, width = still.size
        told = {"number": still.number, "time": still.time, "width": width, "height": height}
        return json(200, told | {"problem": still.problem, "masked": still.masked})

    async def _jpeg(self, request: Request) -> Response:
        still = self._found(_number(request))
        return Response(await self._worker.do(still.jpeg), 200, None, "image/jpeg")

    async def _try(self, request: Request) -> Response:
        """What each region would say of a still."""
        return json(200, await self._asked("look", await _body(request)))

    async def _explain(self, request: Request) -> Response:
        """The steps of one region's reading, as pictures that can be fetched until the next ones are made."""
        asked = await _body(request)
        answer = await self._asked("explain", asked, region=asked.region)
        self._explained = (self._explained[0] + 1, answer["pictures"])
        return json(200, {"number": self._explained[0], "pictures": list(answer["pictures"])})

    async def _png(self, request: Request) -> Response:
        number, pictures = self._explained
        name = request.query_params.get("name", "")
        if _number(request) != number or name not in pictures:
            return refusal(404, "these pictures are gone; ask for them again")
        return Response(pictures[name], 200, None, "image/png")

    async def _suggest(self, request: Request) -> Response:
        """Regions for a still."""
        still = self._found((await _body(request)).still)
        return json(200, await self._helped(what="suggest", text="", **_picture(still.flat)))

    async def _asked(self, what: str, asked: Asked, **more: str) -> dict[str, Any]:
        """The helper's answer about a set-up and a still."""
        still, set_up = self._found(asked.still), _wanted(asked)
        now = await self._worker.do(self._versions.now)
        # Where the rest of the frame is masked, the marks in it cannot be seen: what is shown is aligned already.
        text = set_up.into(now.text, with_marks=still.raw is not None)
        image = still.flat if still.raw is None else still.raw
        return await self._helped(what=what, text=text, **_picture(image), **more)

    async def _helped(self, **question: Any) -> dict[str, Any]:
        _, bundle = self._setup.used()
        answer = await self._helper.ask(
            path=str(self._setup.path), bundle=str(bundle), source="still", **question
        )
        if why := answer.get("error"):
            raise ConfigError(self._plain(why))
        return answer

    async def _save(self, request: Request) -> Response:
        """Put a set-up into the file, and have it taken."""
        asked = await _body(request)
        set_up = _wanted(asked)
        async with self._saving:
            now = await self._worker.do(self._versions.now)
            if now.hash != asked.hash:
                return refusal(409, CHANGED)
            text = set_up.into(now.text)
            if text == now.text:
                return json(200, {"note": "nothing had changed"})
            return json(200, await self._replaced(text, now.hash))

    async def _undo(self, request: Request) -> Response:
        """Put back what the file said before the last save."""
        asked = await _body(request)
        async with self._saving:
            before = await self._worker.do(self._versions.before)
            if before is None:
                return refusal(
                    409, "there is nothing to undo: the file was changed by hand since, or never on the page"
                )
            return json(200, await self._replaced(before, asked.hash))

    async def _reference(self, request: Request) -> Response:
        """Make a still the reference picture, so that marks can be drawn on it."""
        asked = await _body(request)
        still = self._found(asked.still)
        async with self._saving:
            now = await self._worker.do(self._versions.now)
            config = parse(now.text, self._setup.path)
            if config.picture.reference is not None or still.masked:
                return refusal(
                    409, "there is a picture.reference already, or the picture is masked; see the file"
                )
            text = await self._worker.do(lambda: _with_reference(now.text, self._setup.path, still))
            return json(200, await self._replaced(text, now.hash))

    async def _replaced(self, text: str, known: str) -> dict[str, str]:
        """Prove a text as the start would, put it into the file, and have the daemon take it."""
        await self._helped(what="prove", text=text)
        used, _ = self._setup.used()
        if why := uncovers(used, parse(text, self._setup.path), self._size(used)):
            raise ConfigError(why)
        await self._worker.do(lambda: self._versions.replace(text, known))
        return {"note": await self._applied()}

    async def _apply_file(self, _request: Request) -> Response:
        """Have the daemon take the file as somebody has written it by hand."""
        return json(200, {"note": await self._applied()})

    async def _applied(self) -> str:
        """What still needs a restart, one line; empty when nothing does."""
        waiting: Future[str] = self._setup.apply()
        try:
            return await asyncio.wait_for(asyncio.wrap_future(waiting), APPLY_S)
        except TimeoutError:
            return (
                f"saved; the daemon has not taken it within {APPLY_S:g} s, and does when its camera answers"
            )

    async def _receiver(self, request: Request) -> Response:
        """Test a receiver."""
        name = (await _body(request)).name
        if self._testing.locked():
            raise Busy("another receiver is being tested; try again")
        async with self._testing:
            try:
                said = await asyncio.wait_for(
                    self._tester.do(lambda: self._setup.receivers.test(name)), RECEIVER_S
                )
            except PublishError as error:
                return json(200, {"ok": False, "said": str(error)})
            except TimeoutError:
                return json(200, {"ok": False, "said": f"no answer within {RECEIVER_S:g} s"})
        return json(200, {"ok": True, "said": said})

    async def _focus(self, request: Request) -> Response:
        """Sharpness and exposure of another frame than the client knows."""
        region = request.query_params.get("region", "")
        if not await self._newest.wait(_number(request, "after"), FOCUS_WAIT_S):
            return Response(status_code=204)
        found = self._newest.get()
        assert found is not None
        view, number = found
        used, _ = self._setup.used()
        told = await self._worker.do(lambda: focus.measured(view, region, used.picture))
        if told is None:
            return refusal(404, "this part is not in sight")
        return json(200, told | {"number": number})

    def _found(self, number: int) -> Still:
        if still := self._stills.get(number):
            return still
        raise CaptureError("this picture is held no longer; take a new one")

    def _size(self, config: Config) -> tuple[int, int]:
        """``(height, width)`` that coordinates are given in."""
        found = self._newest.get()
        if config.picture.size:
            return config.picture.size[1], config.picture.size[0]
        if found is None:
            return (
                1,
                1,
            )  # no picture yet: nothing is known to be covered, so whatever is wanted uncovers something
        height, width = found[0].size or found[0].image.shape[:2]
        return height, width

    def _plain(self, why: str) -> str:
        """The loader's line without the file's name, which the page shows."""
        return why.removeprefix(f"{self._setup.path}: ")


def _picture(image: Any) -> dict[str, Any]:
    return {"image": image.tobytes(), "size": image.shape[:2]}


def _with_reference(text: str, path: Path, still: Still) -> str:
    """The text of a configuration with a reference picture, which is written beside it."""
    import cv2  # noqa: PLC0415 - once in a device's life

    from ocr_edge.bundles import archive  # noqa: PLC0415
    from ocr_edge.config import edit  # noqa: PLC0415

    name = f"reference-{still.number}.png"
    png = cv2.imencode(".png", cv2.cvtColor(still.flat, cv2.COLOR_RGB2BGR))[1].tobytes()
    try:
        with open(path.with_name(name), "xb") as file:
            file.write(png)
        archive.fsync(path.parent)
    except OSError as error:
        raise ConfigError(f"{name}: cannot be written: {error.strerror}") from error
    now = wanted.plain(text)
    kept = range(len(now.get("region", [])))
    return edit.edited(text, {"picture": now.get("picture", {}) | {"reference": name}}, list(kept))


def _wanted(asked: Asked) -> Wanted:
    if asked.wanted is None:
        raise ConfigError("the set-up is missing")
    return asked.wanted


async def _body(request: Request) -> Asked:
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=Asked)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(f"the request: {str(error).replace('`', chr(39))}") from error


def _number(request: Request, name: str = "number") -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _admitted(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The same, for requests that bring a configuration."""

    async def admitted(request: Request) -> Response:
        return admit(request, MAX_BYTES) or await answer(request)

    return admitted


def _answered(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The same, with what is wrong as one line."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except Busy as error:
            return refusal(503, str(error))
        except CaptureError as error:
            return refusal(404, str(error))
        except ConfigError as error:
            return refusal(409 if str(error) == CHANGED else 400, str(error))

    return answered
