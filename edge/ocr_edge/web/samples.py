"""The page of samples: what was not read for sure, its owner's labels, and all of that as one archive."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ocr_edge.harvest import export, sample
from ocr_edge.harvest.folder import Entry, Samples, SamplesError, unlabelled
from ocr_edge.harvest.labels import label_of
from ocr_edge.harvest.sample import DamagedError
from ocr_edge.harvest.suggest import group, suggestions
from ocr_edge.web.answers import json, refusal
from ocr_edge.web.sight import Sight
from ocr_edge.web.worker import Worker

AT_ONCE = 100
"""Samples that are told at a time, 100 KB: an hour's work, and asked for again when they are done."""
ASKING = 8
"""Questions that wait at a time; more are refused until some are answered."""
T = TypeVar("T")


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody says of a sample.

    Attributes:
        id: It.
        text: What is written there; empty: nobody can read it; None: the label is taken back.
    """

    id: Annotated[str, Meta(max_length=64)]
    text: Annotated[str, Meta(max_length=200)] | None


class SamplesPage:
    """The routes of the samples; for the loop of one server.

    Args:
        sight: Names the folder.
    """

    def __init__(self, sight: Sight) -> None:
        assert sight.samples is not None
        self._samples, self._flush = Samples(sight.samples), sight.flush
        self._worker = Worker("http-samples")
        self._asking = 0

    def close(self) -> None:
        """End the thread that works in the folder."""
        self._worker.close()

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("/samples.json", self._list),
            Route("/samples.tar", self._export),
            Route("/sample.png", self._strip),
            Route("/sample-around.jpg", self._around),
            Route("/sample-label", self._label, methods=["POST"]),
            Route("/samples-drop", self._drop, methods=["POST"]),
        ]

    async def _list(self, request: Request) -> Response:
        """Samples without a label, least sure first, or those together that are read alike."""
        alike = request.query_params.get("order") == "alike"
        return await self._answered(lambda: json(200, self._told(alike=alike)))

    def _told(self, *, alike: bool) -> dict[str, object]:
        if self._flush is not None:
            self._flush()
        entries = self._samples.entries()
        left = unlabelled(entries)
        if alike:
            sizes: dict[str, int] = {}
            for entry in left:
                sizes[group(entry.about)] = sizes.get(group(entry.about), 0) + 1
            # The largest group first; within one, least sure first, as they come.
            left.sort(key=lambda entry: (-sizes[group(entry.about)], group(entry.about)))
        return {
            "harvests": self._flush is not None,
            "total": len(entries),
            "labelled": sum(entry.label is not None for entry in entries),
            "damaged": len(self._samples.damaged),
            "samples": [_plain(entry) for entry in left[:AT_ONCE]],
        }

    async def _strip(self, request: Request) -> Response:
        """The picture of a line."""
        return await self._part(request, "strip", "image/png")

    async def _around(self, request: Request) -> Response:
        """The picture around it."""
        return await self._part(request, "surroundings", "image/jpeg")

    async def _part(self, request: Request, name: str, kind: str) -> Response:
        each = request.query_params.get("id", "")

        def found() -> Response:
            data = sample.part(self._samples.read(each), name)
            if not data:
                return refusal(404, "this sample has no such picture")
            return Response(data, 200, {"Cache-Control": "private, max-age=3600"}, kind)

        return await self._answered(found)

    async def _label(self, request: Request) -> Response:
        """Label a sample, or take its label back."""
        try:
            said = msgspec.json.decode(await request.body(), type=Said)
        except msgspec.MsgspecError as error:
            return refusal(400, str(error).replace("`", "'"))

        def labelled() -> Response:
            label = None
            if said.text is not None:
                about, _ = sample.head(self._samples.read(said.id))
                label = label_of(about, said.text, time.time())
            self._samples.set_label(said.id, label)
            return json(200, {"kind": label.kind if label else None})

        return await self._answered(labelled)

    async def _drop(self, request: Request) -> Response:
        """Delete those that have a label."""
        await request.body()  # whole before it counts

        def dropped() -> Response:
            ids = [entry.about.id for entry in self._samples.entries() if entry.label]
            return json(200, {"deleted": self._samples.drop(ids)})

        return await self._answered(dropped)

    async def _export(self, _request: Request) -> Response:
        """What is labelled, as training takes it; made while it is sent."""
        pieces = export.pieces(export.files(self._samples))

        def first() -> Response:
            headers = {"Content-Disposition": 'attachment; filename="samples.tar"'}
            return StreamingResponse(self._rest(next(pieces), pieces), 200, headers, "application/x-tar")

        return await self._answered(first)

    async def _rest(self, first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces, each made when the one before has been taken; an error breaks the answer off."""
        piece: bytes | None = first
        while piece is not None:
            yield piece
            piece = await self._worker.do(lambda: next(pieces, None))

    async def _answered(self, job: Callable[[], Response]) -> Response:
        """The answer of a job in the thread, or why there is none."""
        if self._asking >= ASKING:
            return refusal(503, "busy; try again")
        self._asking += 1
        try:
            return await self._worker.do(job)
        except KeyError:
            return refusal(404, "there is no such sample now")
        except (DamagedError, SamplesError) as error:
            return refusal(503, str(error))
        finally:
            self._asking -= 1


def _plain(entry: Entry) -> dict[str, object]:
    """A sample as plain values."""
    about = entry.about
    return {
        "id": about.id,
        "time": about.time,
        "region": about.region,
        "text": about.text,
        "confidence": about.confidence,
        "reason": about.reason,
        "why": about.why,
        "size": about.size,
        "characters": [[c.text, c.confidence, c.box] for c in about.characters],
        "suggestions": suggestions(about),
        "group": group(about),
        "around": "surroundings" in about.parts,
    }
