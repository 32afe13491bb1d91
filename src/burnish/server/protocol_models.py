"""/v1/models: the models that OpenAI's protocol is spoken for, and how requests name them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, Response

from burnish.core.files import MANIFEST
from burnish.server.refusal import Refused
from burnish.server.routes import json_response
from burnish.server.served import Served

TAG: list[Any] = ["openai"]


def add(app: FastAPI, models: list[Served]) -> None:
    """List those that chat or transcribe; nothing where there are none."""
    speaking = [served for served in models if served.chats or served.transcribes]
    if not speaking:
        return
    names = by_name(speaking)
    listed = [_listed(served) for served in {served.name: served for served in speaking}.values()]

    @app.get("/v1/models", tags=TAG, summary="Models that chat or transcribe")
    async def all_models() -> Response:
        return json_response({"object": "list", "data": listed})

    @app.get("/v1/models/{name:path}", tags=TAG, summary="One of them")
    async def one_model(name: str) -> Response:
        return json_response(_listed(named(name, names)))


def by_name(models: Iterable[Served]) -> dict[str, Served]:
    """By every name that a request may give: with version and without."""
    models = list(models)
    names = {served.path: served for served in models}
    names |= {f"{served.name}@{served.version}": served for served in models}
    return names | {served.name: served for served in models}  # of several versions, the last that was named


def named(name: str, names: dict[str, Served]) -> Served:
    """The model that a request names.

    Raises:
        Refused: there is none (404).
    """
    if name not in names:
        served = ", ".join(sorted({one.name for one in names.values()}))
        message = f"there is no model {name[:120]!r}: ask one of {served[:500]}"
        raise Refused(404, message, param="model", code="model_not_found")
    return names[name]


def _listed(served: Served) -> dict[str, Any]:
    created = int((served.predictor.bundle.path / MANIFEST).stat().st_mtime)
    told = {"id": served.name, "object": "model", "created": created, "owned_by": "burnish", "version": served.version}
    return {**told, "base": served.base} if served.base else told
