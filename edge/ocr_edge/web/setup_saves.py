"""What was set up is put into the configuration's file, undone, and taken by the daemon."""

import asyncio
from concurrent.futures import Future
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from ocr_edge.config import Config
from ocr_edge.config.load import parse
from ocr_edge.config.versions import CHANGED, Versions
from ocr_edge.errors import ConfigError
from ocr_edge.web import wanted
from ocr_edge.web.answers import json, refusal
from ocr_edge.web.setup_requests import asked_by
from ocr_edge.web.setup_trials import Trials
from ocr_edge.web.sight import Setup
from ocr_edge.web.still import Still, Stills, uncovers
from ocr_edge.web.view import Newest
from ocr_edge.web.worker import Worker

APPLY_S = 20.0
"""Seconds in which the daemon takes what was saved: it ends the frame it is at, at most six, and builds its regions."""


class Saves:
    """The routes that change the file; for the loop of one server.

    Args:
        setup: What may be set up.
        newest: What is seen.
        versions: The configuration's file.
        stills: One may become the reference picture.
        worker: Reads and writes the file.
        trials: Proves what is to be saved.
    """

    def __init__(
        self, setup: Setup, newest: Newest, versions: Versions, stills: Stills, worker: Worker, trials: Trials
    ) -> None:
        self._setup, self._newest, self._versions, self._stills = setup, newest, versions, stills
        self._worker, self._trials = worker, trials
        self._saving = asyncio.Lock()

    async def save(self, request: Request) -> Response:
        """Put a set-up into the file, and have it taken."""
        asked = await asked_by(request)
        set_up = asked.set_up
        async with self._saving:
            now = await self._worker.do(self._versions.now)
            if now.hash != asked.hash:
                return refusal(409, CHANGED)
            text = set_up.into(now.text)
            if text == now.text:
                return json(200, {"note": "nothing had changed"})
            return json(200, await self._replaced(text, now.hash))

    async def undo(self, request: Request) -> Response:
        """Put back what the file said before the last save."""
        asked = await asked_by(request)
        async with self._saving:
            before = await self._worker.do(self._versions.before)
            if before is None:
                return refusal(
                    409, "there is nothing to undo: the file was changed by hand since, or never on the page"
                )
            return json(200, await self._replaced(before, asked.hash))

    async def reference(self, request: Request) -> Response:
        """Make a still the reference picture, so that marks can be drawn on it."""
        asked = await asked_by(request)
        still = self._stills.get(asked.still)
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
        await self._trials.prove(text)
        used, _ = self._setup.used()
        if why := uncovers(used, parse(text, self._setup.path), self._size(used)):
            raise ConfigError(why)
        await self._worker.do(lambda: self._versions.replace(text, known))
        return {"note": await self._applied()}

    async def apply(self, _request: Request) -> Response:
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

    def _size(self, config: Config) -> tuple[int, int]:
        """``(height, width)`` that coordinates are given in."""
        found = self._newest.get()
        if config.picture.size:
            return config.picture.size[1], config.picture.size[0]
        if found is None:
            # No picture yet: nothing is known to be covered, so whatever is wanted uncovers something.
            return 1, 1
        height, width = found[0].size or found[0].image.shape[:2]
        return height, width


def _with_reference(text: str, path: Path, still: Still) -> str:
    """The text of a configuration with a reference picture, which is written beside it."""
    import cv2  # noqa: PLC0415 - once in a device's life

    from ocr_edge.bundles import archive  # noqa: PLC0415
    from ocr_edge.config.edit import edited  # noqa: PLC0415

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
    return edited(text, {"picture": now.get("picture", {}) | {"reference": name}}, list(kept))
