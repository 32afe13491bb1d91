"""The address of OpenAI's protocol for models that transcribe: /v1/audio/transcriptions."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic_core import to_json
from starlette.responses import StreamingResponse

from burnish.server.leaving import unless_gone
from burnish.server.limits import Bodies
from burnish.server.logs import LOG
from burnish.server.protocol_models import TAG, by_name, named
from burnish.server.refusal import Refused, overloaded
from burnish.server.routes import Handler, json_response
from burnish.server.rows import form_of
from burnish.server.schema import TRANSCRIPTIONS
from burnish.server.served import Served, Unanswered
from burnish.server.settings import Settings
from burnish.server.speech.asked import TranscriptionRequest, asked, described
from burnish.server.speech.recording import Recording, opened
from burnish.server.speech.written import KINDS, body, plain

_EVENTS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # a proxy must not hold the pieces back


def add(app: FastAPI, models: list[Served], bodies: Bodies, stopping: threading.Event) -> None:
    """Serve the protocol for the models that transcribe; nothing where there are none."""
    hearing = [served for served in models if served.transcribes]
    if not hearing:
        return
    app.add_api_route(
        TRANSCRIPTIONS,
        _handler(hearing[0].settings, by_name(hearing), bodies, stopping),
        methods=["POST"],
        tags=TAG,
        summary="The transcript of a recording, streamed or whole",
        response_class=Response,
        openapi_extra=described(),
    )


def _handler(settings: Settings, names: dict[str, Served], bodies: Bodies, stopping: threading.Event) -> Handler:
    async def transcribe(request: Request) -> Response:
        since = time.monotonic()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "multipart/form-data":
            raise Refused(415, f"content-type {kind[:80]!r} is not read here; multipart/form-data with a file is")
        async with bodies.of(request) as data:
            form = await form_of(request, data, settings)
            try:
                wanted = await asked(form)
            finally:
                await form.close()
            served = named(wanted.model, names)
            request.state.model, request.state.version = served.name, served.version
            wanted.check(served)
            async with unless_gone(request):
                recording = await opened(served, wanted.data, time.monotonic() + settings.deadline, timed=wanted.timed)
        transcribing = _Transcribing(request, recording, wanted, since, stopping)
        async with unless_gone(request):
            if wanted.stream:
                return await transcribing.streamed()
            return await transcribing.whole()

    return transcribe


class _Transcribing:
    """One request while it is answered."""

    def __init__(
        self,
        request: Request,
        recording: Recording,
        asked: TranscriptionRequest,
        since: float,
        stopping: threading.Event,
    ) -> None:
        self._request, self._recording, self._asked = request, recording, asked
        self._since, self._stopping, self._stop_by = since, stopping, 0.0
        self._sent = ""

    async def whole(self) -> Response:
        """The transcript in the format that is asked for."""
        await self._recording.transcribed(self._since + self._recording.served.settings.write_deadline)
        self._count()
        text = plain(self._recording, self._asked)
        if text is None:
            return json_response(body(self._recording, self._asked))
        return Response(text, 200, {"Cache-Control": "no-store", "Content-Type": KINDS[self._asked.format]})

    async def streamed(self) -> Response:
        """Server-sent events; until the first window is done the request may still be refused with a status."""
        windows = self._recording.one_by_one(self._recording.served.settings.write_deadline)
        await anext(windows)
        return StreamingResponse(self._events(windows), 200, _EVENTS, "text/event-stream")

    async def _events(self, windows: AsyncIterator[int]) -> AsyncIterator[bytes]:
        try:
            for event in self._news():
                yield event
            async for _ in windows:
                self._require_time()
                for event in self._news():
                    yield event
            whole = self._recording.windows.stitching().text()
            if len(whole) > len(self._sent) and whole.startswith(self._sent):
                yield _line({"type": "transcript.text.delta", "delta": whole[len(self._sent) :]})
            done = {"type": "transcript.text.done", **body(self._recording, self._asked)}
            yield _line(done)
            self._count()
            yield b"data: [DONE]\n\n"
        except Exception as error:
            yield _line({"error": self._told(error)})

    def _news(self) -> list[bytes]:
        """What no later window can change and was not yet sent; verbose, how far it is."""
        joined, events = self._recording.windows.stitching(), []
        settled = joined.text(0, joined.settled)
        if len(settled) > len(self._sent) and settled.startswith(self._sent):
            events.append(_line({"type": "transcript.text.delta", "delta": settled[len(self._sent) :]}))
            self._sent = settled
        if self._asked.format == "verbose_json":
            windows = self._recording.windows
            done, all_ = len(windows.answers), len(windows.prepared)
            until = windows.spans[done - 1][1]
            told = {"type": "transcript.progress", "windows": done, "of": all_, "seconds": round(until, 3)}
            events.append(_line({**told, "duration": round(self._recording.seconds, 3), "text": joined.text()}))
        return events

    def _require_time(self) -> None:
        """A server that is told to stop lets recordings go on for a deadline.

        Raises:
            Refused: it is over (503).
        """
        if not self._stopping.is_set():
            return
        now = time.monotonic()
        self._stop_by = self._stop_by or now + self._recording.served.settings.deadline
        if now > self._stop_by:
            raise overloaded("the server stops", 1.0, status=503, reason="stopping")

    def _count(self) -> None:
        served, recording = self._recording.served, self._recording
        heard = recording.seconds
        served.metrics.speech.transcribed(served.name, served.version, heard, time.monotonic() - self._since)
        self._request.state.heard_seconds = round(heard, 3)

    def _told(self, error: Exception) -> dict[str, Any]:
        """An error after the first event."""
        if isinstance(error, Refused):
            self._request.state.reason = error.reason
            return error.told()
        if not isinstance(error, Unanswered):
            LOG.error("a transcript failed", extra={"failure": f"{type(error).__name__}: {error}"})
        self._request.state.reason = "model"
        return Refused(500, f"the model failed; the log has it under {self._request.state.request_id}").told()


def _line(value: Any) -> bytes:
    return b"data: " + to_json(value) + b"\n\n"
