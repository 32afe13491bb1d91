"""Requests to /v1 as tests send them, and what streams tell."""

from __future__ import annotations

import json
from typing import Any

from starlette.testclient import TestClient

from tests.integration.hostile_chats import USER

CHAT, TEXT = "/v1/chat/completions", "/v1/completions"


def sent(client: TestClient, place: str = CHAT, **fields: Any) -> Any:
    """What comes back."""
    what = {"messages": [USER]} if place == CHAT else {"prompt": "when does"}
    return client.post(place, json={"model": "harbour", **what, **fields})


def asked(client: TestClient, place: str = CHAT, **fields: Any) -> Any:
    """The answer to a request that is answered."""
    response = sent(client, place, **fields)
    assert response.status_code == 200, response.text
    return response


def refused(client: TestClient, place: str = CHAT, **fields: Any) -> dict[str, Any]:
    """The error of a request that must be changed."""
    response = sent(client, place, **fields)
    assert response.status_code == 400, response.text
    error: dict[str, Any] = response.json()["error"]
    return error


def events(text: str) -> list[dict[str, Any]]:
    """What a stream told, its end checked."""
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]
