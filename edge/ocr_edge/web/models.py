"""Bundles on the page: which one reads, which there are, another one taken in, switched to or rolled back."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ocr_edge.bundles import builtin, listing, untrusted
from ocr_edge.bundles.installed import Installed
from ocr_edge.contract.files import CARD_NAME
from ocr_edge.errors import OcrEdgeError
from ocr_edge.sinks.metrics import Snapshot
from ocr_edge.web.answers import json, refusal
from ocr_edge.web.large import Large, admit, to_file
from ocr_edge.web.rollout import FILE_BYTES, Rollout
from ocr_edge.web.sight import Bundles
from ocr_edge.web.worker import Worker

MAX_BYTES = FILE_BYTES
"""Largest upload: ten times the shipped default. Larger ones go over SSH, to ``ocr-edge bundle install``."""
ROOM = 64 * 2**20
"""Bytes that stay free on the disk beside an upload and the bundle unpacked from it: readings come first."""
UPLOAD = "bundle.upload"
"""Name of the file in the state folder; whatever the client calls it is not asked for."""
MAX_CARD = 2**18
"""Largest card that is shown; the shipped default's has 20 KB."""
BUSY = "another bundle is on its way; wait until it is taken or refused"
NO_LOGIN = "only who is logged in may change models: sudo ocr-edge init sets http.secret_file"


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request to switch: the name of a bundle in the list."""

    bundle: str


class Models:
    """The routes of the page of models; for the loop of one server.

    Args:
        bundles: How they are changed.
        snapshot: The daemon's state.
        login: Whether there is a login; without one nothing may be changed, by whoever is on this machine.
    """

    def __init__(self, bundles: Bundles, snapshot: Callable[[], Snapshot], *, login: bool) -> None:
        self._bundles, self._snapshot, self._login = bundles, snapshot, login
        self._installed = Installed(bundles.state)
        self._rollout = Rollout(bundles.state, snapshot, bundles.reload)
        self._worker = Worker("http-models")

    def close(self) -> None:
        """End the thread; a change that is on its way ends by itself."""
        self._worker.close()

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("/models.json", self._told),
            Route("/card.json", self._card),
            Large("/models/upload", self._upload, methods=["POST"]),
            Route("/models/switch", self._switch, methods=["POST"]),
            Route("/models/rollback", self._rollback, methods=["POST"]),
        ]

    async def _told(self, _request: Request) -> Response:
        """What there is, what reads, and how far a change is."""
        try:
            rows = await self._listed()
        except OcrEdgeError as error:
            return refusal(503, str(error))
        used = self._used
        for row in rows:
            row["used"] = row["name"] == used
        change = self._rollout.change
        return json(
            200,
            {
                "used": used,
                "bundles": rows,
                "fixed": self._fixed,
                "largest": MAX_BYTES,
                "change": change and {"what": change.what, "step": change.step, "text": change.text},
            },
        )

    async def _card(self, request: Request) -> Response:
        """What a bundle says of itself: Markdown, as it lies in its folder."""
        name = request.query_params.get("bundle", "")

        def card() -> str:
            for folder in (*(entry.path for entry in self._installed.entries()), *_shipped()):
                if _named(folder) == name:
                    content = untrusted.content(folder / CARD_NAME, MAX_CARD)
                    return content.decode("utf-8", "replace")
            raise FileNotFoundError

        try:
            return json(200, {"bundle": name, "card": await self._worker.do(card)})
        except OSError:
            return refusal(404, "there is no such bundle, or it has no card")
        except OcrEdgeError as error:
            return refusal(503, str(error))

    async def _upload(self, request: Request) -> Response:
        """Take in a bundle, packed; it is proven and switched to after the answer."""
        if refused := self._refused or admit(request, MAX_BYTES):
            return refused
        needed = 3 * int(request.headers["content-length"]) + ROOM
        free = await self._worker.do(lambda: shutil.disk_usage(self._bundles.state).free)
        if free < needed:
            return refusal(507, f"the disk has {free >> 20:,} MiB free, {needed >> 20:,} are needed")
        if not self._rollout.begin("upload", "receiving"):
            return refusal(409, BUSY)
        path = self._bundles.state / UPLOAD
        try:
            await to_file(request, path, self._worker)
        except ClientDisconnect:
            self._rollout.failed("the upload broke off; nothing was changed")
            raise
        except OSError as error:
            self._rollout.failed(f"the upload cannot be written: {error.strerror}; nothing was changed")
            return refusal(507, f"cannot be written: {error.strerror}")
        except BaseException:
            self._rollout.failed("the server ended; nothing was changed")
            raise
        self._rollout.install(path, "the uploaded file", delete=True)
        return json(202, {"ok": True})

    async def _switch(self, request: Request) -> Response:
        """Read with another bundle of the list."""
        if refused := self._refused:
            return refused
        try:
            name = msgspec.json.decode(await request.body(), type=Wanted).bundle
        except msgspec.MsgspecError:
            return refusal(400, 'expected {"bundle": NAME}')
        try:
            row = next((r for r in await self._listed() if r["name"] == name), None)
        except OcrEdgeError as error:
            return refusal(503, str(error))
        if row is None:
            return refusal(404, "there is no such bundle")
        if not self._rollout.begin(f"switch to {name}", "proving"):
            return refusal(409, BUSY)
        if row["previous"]:
            self._rollout.rollback()
        elif row["installed"] is None:
            self._rollout.install(builtin.shipped(builtin.SHIPPED if name == listing.SHIPPED else name), name)
        else:
            self._rollout.install(self._installed.folder / name, name)
        return json(202, {"ok": True})

    async def _rollback(self, request: Request) -> Response:
        """Read with the bundle before."""
        await request.body()  # whole before it counts
        if refused := self._refused:
            return refused
        if not self._rollout.begin("roll back", "proving"):
            return refusal(409, BUSY)
        self._rollout.rollback()
        return json(202, {"ok": True})

    async def _listed(self) -> list[dict[str, Any]]:
        return await self._worker.do(lambda: listing.rows(self._installed))

    @property
    def _used(self) -> str:
        """Name in the list of what the daemon reads with."""
        name = self._snapshot().state.facts.get("bundle", "")
        return listing.SHIPPED if name == builtin.SHIPPED else name

    @property
    def _fixed(self) -> str:
        """Why nothing can be changed here; empty when it can."""
        if self._bundles.configured:
            return (
                f'the configuration says bundle = "{self._bundles.configured}", which comes before all that are'
                " installed; take that line out to choose here"
            )
        return "" if self._login else NO_LOGIN

    @property
    def _refused(self) -> Response | None:
        """The answer to whoever wants to change something that cannot be changed here."""
        return refusal(403, self._fixed) if self._fixed else None


def _shipped() -> list[Path]:
    return [builtin.shipped(name) for name in builtin.shipped_names()]


def _named(folder: Path) -> str:
    """A folder's name in the list."""
    return listing.SHIPPED if folder == builtin.shipped() else folder.name
