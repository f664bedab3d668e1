"""What regions would read in a still, how, and which there may be: tried in a process of its own."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ocr_edge.config.versions import Versions
from ocr_edge.errors import ConfigError
from ocr_edge.web.answers import json, refusal
from ocr_edge.web.helper import Helper
from ocr_edge.web.setup_requests import Asked, asked_by, number
from ocr_edge.web.sight import Setup
from ocr_edge.web.still import Stills
from ocr_edge.web.worker import Worker


class Trials:
    """The routes that try something; for the loop of one server.

    Args:
        setup: What may be set up.
        versions: The configuration's file.
        stills: What is tried on.
        worker: Reads the file.
    """

    def __init__(self, setup: Setup, versions: Versions, stills: Stills, worker: Worker) -> None:
        self._setup, self._versions, self._stills, self._worker = setup, versions, stills, worker
        self._helper = Helper()
        self._explained: tuple[int, dict[str, bytes]] = (0, {})

    def close(self) -> None:
        """End the process."""
        self._helper.close()

    async def look(self, request: Request) -> Response:
        """What each region would say of a still."""
        return json(200, await self._asked("look", await asked_by(request)))

    async def explain(self, request: Request) -> Response:
        """The steps of one region's reading, as pictures that can be fetched until the next ones are made."""
        asked = await asked_by(request)
        answer = await self._asked("explain", asked, region=asked.region)
        self._explained = (self._explained[0] + 1, answer["pictures"])
        return json(200, {"number": self._explained[0], "pictures": list(answer["pictures"])})

    async def picture(self, request: Request) -> Response:
        """One of these pictures."""
        made, pictures = self._explained
        name = request.query_params.get("name", "")
        if number(request) != made or name not in pictures:
            return refusal(404, "these pictures are gone; ask for them again")
        return Response(pictures[name], 200, None, "image/png")

    async def suggest(self, request: Request) -> Response:
        """Regions for a still."""
        still = self._stills.get((await asked_by(request)).still)
        return json(200, await self._helped(what="suggest", text="", **_picture(still.flat)))

    async def prove(self, text: str) -> None:
        """Try a configuration as the start of the daemon would.

        Raises:
            ConfigError: It would not start.
        """
        await self._helped(what="prove", text=text)

    async def _asked(self, what: str, asked: Asked, **more: str) -> dict[str, Any]:
        """The helper's answer about a set-up and a still."""
        still, set_up = self._stills.get(asked.still), asked.set_up
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
        # The page shows the file's name.
        if why := answer.get("error"):
            raise ConfigError(why.removeprefix(f"{self._setup.path}: "))
        return answer


def _picture(image: Any) -> dict[str, Any]:
    return {"image": image.tobytes(), "size": image.shape[:2]}
