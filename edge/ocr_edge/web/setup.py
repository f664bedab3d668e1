"""The set-up on the page: all its routes, and what stills, receivers and the focus do."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ocr_edge.config.load import parse
from ocr_edge.config.versions import Versions
from ocr_edge.errors import PublishError
from ocr_edge.web import focus, form, wanted
from ocr_edge.web.answers import json, refusal
from ocr_edge.web.helper import Busy
from ocr_edge.web.large import Large, admit
from ocr_edge.web.setup_requests import Answer, answered, asked_by, number
from ocr_edge.web.setup_saves import Saves
from ocr_edge.web.setup_trials import Trials
from ocr_edge.web.sight import Setup
from ocr_edge.web.still import Stills, is_masked
from ocr_edge.web.view import Newest
from ocr_edge.web.worker import Worker

MAX_BYTES = 1 << 16
"""Largest request: a configuration of a hundred regions with all their settings has 50,000 bytes."""
FOCUS_WAIT_S = 15.0
"""As for pictures: proxies end a silent connection after 30 and more."""
RECEIVER_S = 20.0
"""Seconds after which nobody waits for a receiver any more: its own limits are shorter."""


class SetupRoutes:
    """What the routes do; for the loop of one server.

    Args:
        setup: What may be set up.
        newest: What is seen.
    """

    def __init__(self, setup: Setup, newest: Newest) -> None:
        self._setup, self._newest = setup, newest
        self._versions, self._stills = Versions(setup.path), Stills()
        self._worker, self._tester = Worker("http-still"), Worker("http-receiver")
        self._testing = asyncio.Lock()
        self._trials = Trials(setup, self._versions, self._stills, self._worker)
        self._saves = Saves(setup, newest, self._versions, self._stills, self._worker, self._trials)

    def close(self) -> None:
        """End threads and process."""
        self._trials.close()
        self._worker.close()
        self._tester.close()

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("/setup/state.json", answered(self._state)),
            Route("/setup/still.jpg", answered(self._jpeg)),
            Route("/setup/explained.png", answered(self._trials.picture)),
            Route("/setup/focus.json", answered(self._focus)),
            *(
                Large(f"/setup/{name}", answered(_admitted(answer)), methods=["POST"])
                for name, answer in (
                    ("try", self._trials.look),
                    ("explain", self._trials.explain),
                    ("save", self._saves.save),
                )
            ),
            *(
                Route(f"/setup/{name}", answered(answer), methods=["POST"])
                for name, answer in (
                    ("still", self._still),
                    ("suggest", self._trials.suggest),
                    ("undo", self._saves.undo),
                    ("reference", self._saves.reference),
                    ("apply", self._saves.apply),
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
        asked = await asked_by(request)
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
        still = self._stills.get(number(request))
        return Response(await self._worker.do(still.jpeg), 200, None, "image/jpeg")

    async def _receiver(self, request: Request) -> Response:
        """Test a receiver."""
        name = (await asked_by(request)).name
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
        if not await self._newest.wait(number(request, "after"), FOCUS_WAIT_S):
            return Response(status_code=204)
        found = self._newest.get()
        assert found is not None
        view, now = found
        used, _ = self._setup.used()
        told = await self._worker.do(lambda: focus.measured(view, region, used.picture))
        if told is None:
            return refusal(404, "this part is not in sight")
        return json(200, told | {"number": now})


def _admitted(answer: Answer) -> Answer:
    """The same, for requests that bring a configuration."""

    async def admitted(request: Request) -> Response:
        return admit(request, MAX_BYTES) or await answer(request)

    return admitted
