"""The addresses of OpenAI's protocol for models that chat: /v1/chat/completions, /v1/completions."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic_core import to_json
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from burnish.core.errors import InputError
from burnish.server.chat.asked import Asked, ChatRequest, CompletionRequest, read, wrong
from burnish.server.chat.begun import begun, said
from burnish.server.chat.choices import Choice, Choices
from burnish.server.chat.parts import Delta, joined
from burnish.server.leaving import unless_gone
from burnish.server.limits import Bodies, aside, parsed
from burnish.server.logs import LOG
from burnish.server.protocol_models import TAG, by_name, named
from burnish.server.refusal import Refused
from burnish.server.routes import Handler, json_response
from burnish.server.served import Served, Unanswered

_EVENTS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # a proxy must not hold the pieces back


def add(app: FastAPI, models: list[Served], bodies: Bodies, stopping: threading.Event) -> None:
    """Serve the protocol for the models that chat; nothing where there are none."""
    chatting = [served for served in models if served.chats]
    if not chatting:
        return
    names = by_name(chatting)
    for place, kind in (("/v1/chat/completions", ChatRequest), ("/v1/completions", CompletionRequest)):
        app.add_api_route(
            place,
            _handler(kind, names, bodies, stopping),
            methods=["POST"],
            tags=TAG,
            summary="An answer, streamed or whole",
            response_class=Response,
            openapi_extra=_described(kind),
        )


def _described(kind: type[Asked]) -> dict[str, Any]:
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    schema["properties"]["stream_options"] = {"type": ["object", "null"]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _handler(kind: type[Asked], names: dict[str, Served], bodies: Bodies, stopping: threading.Event) -> Handler:
    async def answer(request: Request) -> Response:
        since = time.monotonic()
        async with bodies.of(request) as body:
            asked = read(kind, _texts(await aside(parsed, body)))
        served = named(asked.model, names)
        request.state.model, request.state.version = served.name, served.version
        async with unless_gone(request):
            choices = await begun(served, asked, stopping)
            answering = _Answering(request, served, asked, choices, since)
            try:
                if not asked.stream:
                    return json_response(await answering.whole())
                first = await answering.first()
            except BaseException:
                answering.end("left")
                raise
        return _Streamed(answering, first)

    return answer


def _texts(value: Any) -> Any:
    """The same value, all of whose texts are Unicode.

    Raises:
        Refused: half a surrogate pair (400).
    """
    try:
        to_json(value)
    except (ValueError, RecursionError):
        raise Refused(400, "a text is no Unicode: it holds half a surrogate pair") from None
    return value


class _Answering:
    """One request while it is answered."""

    def __init__(self, request: Request, served: Served, asked: Asked, choices: Choices, since: float) -> None:
        self._request, self._served, self._asked, self._choices = request, served, asked, choices
        self._since, self._begun, self._over = since, 0.0, False
        self._chat = isinstance(asked, ChatRequest)
        self._told = choices.told()
        kind = "chat.completion" if self._chat else "text_completion"
        self._head = {
            "id": f"{'chatcmpl' if self._chat else 'cmpl'}-{uuid.uuid4().hex}",
            "object": f"{kind}.chunk" if self._chat and asked.stream else kind,
            "created": int(time.time()),
            "model": asked.model,
            "system_fingerprint": f"burnish-{version('burnish')}-{served.version}",
        }

    async def first(self) -> tuple[Choice, Any]:
        """The first piece; until it is there the request may still be refused with a status."""
        try:
            told = await anext(self._told)
        except Exception as error:
            raise _unanswered(error, self._served) from error
        self._begun = time.monotonic()
        tokens = self._choices.prompt_tokens
        self._served.metrics.writing.first(self._served.name, self._served.version, self._begun - self._since, tokens)
        return told

    async def whole(self) -> dict[str, Any]:
        """The answer as one object: what the pieces of a streamed one make together."""
        pieces: dict[int, list[Delta]] = {choice.number: [] for choice in self._choices.choices}
        choice, deltas = await self.first()
        pieces[choice.number] += deltas
        try:
            async for choice, deltas in self._told:
                pieces[choice.number] += deltas
        except Exception as error:
            raise _unanswered(error, self._served) from error
        self.end("")
        told = [self._choice(choice, pieces[choice.number]) for choice in self._choices.choices]
        return {**self._head, "choices": told, "usage": self._usage()}

    def _choice(self, choice: Choice, deltas: list[Delta]) -> dict[str, Any]:
        what = {"message": joined(deltas)} if self._chat else {"text": "".join(d["content"] for d in deltas)}
        chances = None if choice.chances is None else choice.chances.taken()
        return {"index": choice.number, **what, "logprobs": chances, "finish_reason": choice.ended}

    async def events(self, first: tuple[Choice, Any]) -> AsyncIterator[bytes]:
        """The answer as server-sent events; an error after the first piece is one of them."""
        reason = "left"
        try:
            if self._chat:
                for choice in self._choices.choices:
                    yield self._event(choice, {"role": "assistant", "content": ""}, chances=None)
            for event in self._pieces(*first):
                yield event
            async for choice, deltas in self._told:
                for event in self._pieces(choice, deltas):
                    yield event
            options = self._asked.stream_options
            if options is not None and options.include_usage:
                yield _line({**self._head, "choices": [], "usage": self._usage()})
            reason = ""
            yield b"data: [DONE]\n\n"
        except Exception as error:
            refused = _unanswered(error, self._served)
            if isinstance(refused, Unanswered):
                refused = Refused(500, f"the model failed; the log has it under {self._request.state.request_id}")
            self._request.state.reason = refused.reason or "model"
            yield _line({"error": refused.told()})
        finally:
            self.end(reason)

    def _pieces(self, choice: Choice, deltas: Any) -> list[bytes]:
        events = []
        for delta in [*deltas, {}] if choice.ended else deltas:
            chances = None if choice.chances is None else choice.chances.taken()
            ended = choice.ended if not delta else None
            events.append(self._event(choice, delta, ended=ended, chances=chances))
        return events

    def _event(self, choice: Choice, delta: Delta, *, ended: str | None = None, chances: Any) -> bytes:
        what = {"delta": delta} if self._chat else {"text": delta.get("content", "")}
        told = {"index": choice.number, **what, "logprobs": chances, "finish_reason": ended}
        return _line({**self._head, "choices": [told]})

    def _usage(self) -> dict[str, int]:
        read, written = self._choices.prompt_tokens, self._choices.written
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}

    def end(self, reason: str) -> None:
        """Count and note it, once; nobody waits for what is still being written."""
        if self._over:
            return
        self._over = True
        self._choices.leave()
        state, name, number = self._request.state, self._served.name, self._served.version
        seconds = time.monotonic() - self._begun if self._begun else 0.0
        for choice in self._choices.choices:
            self._served.metrics.writing.ended(name, number, choice.ended or reason or "left", choice.written, seconds)
        state.prompt_tokens, state.written_tokens = self._choices.prompt_tokens, self._choices.written
        state.ended = ",".join(sorted({choice.ended or "left" for choice in self._choices.choices}))


class _Streamed(StreamingResponse):
    """A streamed answer, ended when the client is gone: it may go before the first piece, or while it reads none."""

    def __init__(self, answering: _Answering, first: tuple[Choice, Any]) -> None:
        super().__init__(answering.events(first), 200, _EVENTS, "text/event-stream")
        self._answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As of any streamed answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._answering.end("left")


def _line(value: Any) -> bytes:
    return b"data: " + to_json(value) + b"\n\n"


def _unanswered(error: Exception, served: Served) -> Refused | Unanswered:
    """What is told of an error while an answer is written."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, InputError):
        return wrong(said(error), None)
    LOG.error("an answer failed", extra={"model": served.name, "failure": f"{type(error).__name__}: {error}"})
    return Unanswered()
