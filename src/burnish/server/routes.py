"""What all addresses share: where models are asked, and JSON as an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic_core import to_json

from burnish.server.served import Served

Handler = Callable[[Request], Awaitable[Response]]


def json_response(value: Any, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(to_json(value), status, {"Cache-Control": "no-store"}, "application/json")


def add_asking(
    app: FastAPI,
    models: list[Served],
    verb: str,
    handler: Callable[[Served], Handler],
    described: Callable[[Served], dict[str, Any]],
    summary: str,
) -> None:
    """Let every model be asked by POST.

    Args:
        app: the application.
        models: the first of them answers at /VERB as well.
        verb: the last part of the addresses.
        handler: what answers for a model.
        described: the OpenAPI of a model.
        summary: with `{}` for the name of the model.
    """
    for place, served in addresses(models, verb):
        app.add_api_route(
            place,
            handler(served),
            methods=["POST"],
            tags=[verb],
            summary=summary.format(served.name),
            operation_id=place.strip("/").replace("/", "-"),
            response_class=Response,
            openapi_extra=described(served),
        )


def addresses(models: list[Served], verb: str) -> list[tuple[str, Served]]:
    """/VERB for the first model, and two addresses for every other: with and without its version."""
    latest = {served.name: served for served in models}  # of several versions, the last that was named
    places = [(f"/{verb}", models[0])]
    places += [(f"/models/{served.name}/{verb}", served) for served in latest.values()]
    return [*places, *((f"/models/{served.path}/{verb}", served) for served in models)]
