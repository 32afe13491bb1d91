"""Addresses where nothing is, and methods that are not taken: what there is instead."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request

from burnish.core.errors import nearest
from burnish.server.refusal import Refused
from burnish.server.served import Served

MOST = 20  # names that a message lists
SHOWN = 120  # characters of what was asked for


def not_here(request: Request, error: HTTPException, models: Sequence[Served]) -> Refused:
    """What is said of an address or a method that is not served."""
    path = request.url.path
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return Refused(405, f"{request.method[:20]} is not taken at {path[:SHOWN]}; expected {allowed or 'another'}")
    if error.status_code != 404:
        return Refused(error.status_code, str(error.detail))
    words = path.strip("/").split("/")
    start = 2 if words[:2] == ["v2", "models"] else 1 if words[0] == "models" else 0
    if start and len(words) > start and words[start]:
        return Refused(404, _model(words[start:], models) or _address(path, models))
    return Refused(404, _address(path, models))


def _model(words: list[str], models: Sequence[Served]) -> str:
    """What is wrong with the name or the version; empty where both are served."""
    names = sorted({served.name for served in models})
    if words[0] not in names:
        return f"no model {words[0][:SHOWN]!r} is served here; {_expected(words[0], names)}"
    if len(words) > 2 and words[1] == "versions":
        versions = [served.version for served in models if served.name == words[0]]
        if words[2] not in versions:
            return f"{words[0]!r} has no version {words[2][:SHOWN]!r}; {_expected(words[2], versions)}"
    return ""


def _address(path: str, models: Sequence[Served]) -> str:
    places = ["/predict", "/explain", "/models", f"/models/{models[0].name}/predict", "/v2", "/healthz", "/readyz"]
    places += ["/metrics", "/openapi.json", "/"]
    if any(served.chats for served in models):
        places += ["/v1/chat/completions", "/v1/completions", "/v1/models"]
    if any(served.transcribes for served in models):
        places += ["/v1/audio/transcriptions", "/v1/models"]
    if not models[0].settings.explanations:
        places.remove("/explain")
    return f"nothing is at {path[:SHOWN]}; {_expected(path[:SHOWN], places)}; /openapi.json describes every address"


def _expected(word: str, choices: Sequence[str]) -> str:
    guess = nearest(word, choices)
    listed = ", ".join(choices[:MOST]) + (" ..." if len(choices) > MOST else "")
    return f"expected {'one of ' if len(choices) > 1 else ''}{listed}" + (f" (did you mean {guess}?)" if guess else "")
