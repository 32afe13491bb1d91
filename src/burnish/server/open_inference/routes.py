"""The addresses of the Open Inference Protocol."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from enum import Enum
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response

from burnish.core.answer import Answer
from burnish.server.leaving import unless_gone
from burnish.server.limits import Bodies
from burnish.server.open_inference.protocol import EXTENSIONS, HEADER_LENGTH, inference, metadata, response
from burnish.server.processes.stuck import waiting
from burnish.server.refusal import Refused
from burnish.server.routes import json_response
from burnish.server.schema import errors, shown_examples
from burnish.server.served import Served

Handler = Callable[..., Awaitable[Response]]
_TAG: list[str | Enum] = ["open inference protocol"]


def add(app: FastAPI, models: list[Served], bodies: Bodies, stopping: threading.Event) -> None:
    """Server and model metadata, health, and inference, for every model with and without its version."""

    async def server() -> Response:
        return json_response({"name": "burnish", "version": version("burnish"), "extensions": EXTENSIONS})

    async def live() -> Response:
        return json_response({"live": True})

    async def ready() -> Response:
        now = not stopping.is_set() and not waiting(models)
        return json_response({"live": True, "ready": now}, 200 if now else 503)

    for place, handler, summary in (
        ("/v2", server, "The server"),
        ("/v2/health/live", live, "Whether it works"),
        ("/v2/health/ready", ready, "Whether it takes requests"),
    ):
        app.add_api_route(place, handler, tags=_TAG, summary=summary, responses=errors("401", "503"))
    latest = {served.name: served for served in models}
    places = [(f"/v2/models/{name}", served) for name, served in latest.items()]
    places += [(f"/v2/models/{served.path}", served) for served in models]
    for place, served in places:
        versions = [m.version for m in models if m.name == served.name]
        _model(app, place, served, versions, bodies, stopping)


def _model(
    app: FastAPI, place: str, served: Served, versions: list[str], bodies: Bodies, stopping: threading.Event
) -> None:
    bundle = served.predictor.bundle
    platform = f"burnish_{served.predictor.answers_with}"
    known = metadata(served.name, versions, platform, served.reader.input, bundle.target)

    async def about() -> Response:
        return json_response(known)

    async def ready() -> Response:
        now = not stopping.is_set() and not waiting([served])
        return json_response({"name": served.name, "ready": now}, 200 if now else 503)

    identity = place.strip("/").replace("/", "-")
    for ending, handler, summary in (("", about, "What it takes and gives"), ("/ready", ready, "Whether it answers")):
        app.add_api_route(
            place + ending,
            handler,
            tags=_TAG,
            summary=summary,
            operation_id=identity + ending.replace("/", "-"),
            responses=errors("401", "503"),
        )
    app.add_api_route(
        f"{place}/infer",
        _infer(served, bodies),
        methods=["POST"],
        tags=_TAG,
        summary=f"Ask {served.name}",
        operation_id=f"{identity}-infer",
        response_class=Response,
        openapi_extra={"requestBody": _body(served), "responses": {"200": _answer(), **errors()}},
    )


def _infer(served: Served, bodies: Bodies) -> Handler:
    async def infer(request: Request) -> Response:
        request.state.model, request.state.version = served.name, served.version
        target = served.predictor.bundle.target
        async with bodies.of(request) as body:
            asked = inference(body, request.headers.get(HEADER_LENGTH), served.reader.input, target)
            rows = served.reader.checked(asked.rows, many=True).rows
            request.state.rows = len(rows)
            async with unless_gone(request):
                said = await served.answers(rows)
        wrong = [(i, s) for i, s in enumerate(said) if isinstance(s, str)]
        if wrong:  # the protocol has no place for an error beside answers
            raise Refused(
                422, f"element {wrong[0][0]}: {wrong[0][1]}", details=[{"row": i, "error": s} for i, s in wrong]
            )
        answers = [s for s in said if isinstance(s, Answer)]
        content, length = response(asked, served.name, served.version, target, answers)
        headers = {HEADER_LENGTH: str(length)} if length else {}
        return Response(content, 200, headers, "application/octet-stream" if length else "application/json")

    return infer


def _body(served: Served) -> dict[str, Any]:
    columns = list(served.reader.input.required_columns)
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"type": "string", "enum": columns},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "maxItems": 2},
            "datatype": {"type": "string", "enum": ["BYTES"]},
            "data": {"type": "array", "items": {"type": "string"}},
        },
    }
    schema = {
        "type": "object",
        "required": ["inputs"],
        "properties": {"id": {"type": "string"}, "inputs": {"type": "array", "items": tensor}},
    }
    examples = {
        f"example {i + 1}": {"value": {"inputs": [_tensor(c, e["row"][c]) for c in columns]}}
        for i, e in enumerate(shown_examples(served))
    }
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}


def _tensor(column: str, value: Any) -> dict[str, Any]:
    text = value["base64"] if isinstance(value, dict) else " ".join(value) if isinstance(value, list) else value
    return {"name": column, "shape": [1], "datatype": "BYTES", "data": [text]}


def _answer() -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["model_name", "outputs"],
        "properties": {"model_name": {"type": "string"}, "outputs": {"type": "array", "items": {"type": "object"}}},
    }
    return {"description": "The output tensors.", "content": {"application/json": {"schema": schema}}}
