"""Why a request gets no answer, in the same shape everywhere."""

from __future__ import annotations

import math
import random
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

PROTOCOL = "/v1/"
"""Below this address OpenAI's protocol is spoken."""
_KINDS = {401: "authentication_error", 429: "rate_limit_error"}


class Refused(Exception):
    """A request that is answered with an error.

    Args:
        status: of HTTP: 4xx where the request is at fault, 429 and 503 where it should come again later.
        message: one sentence.
        details: what is wrong in which row.
        retry_after: seconds after which it may be tried again.
        reason: a word for the metrics.
        param, code: of OpenAI's protocol: what of the request is at fault, and a word for programs.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        details: list[dict[str, Any]] | None = None,
        retry_after: float | None = None,
        reason: str = "",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.details, self.retry_after = status, message, details, retry_after
        self.reason, self.param, self.code = reason, param, code

    def response(self, request_id: str = "", path: str = "") -> Response:
        """As JSON: `error`, `request_id`, and `details` where there are some; below /v1 as OpenAI's protocol has it."""
        headers = {"Cache-Control": "no-store"}
        if self.retry_after is not None:
            headers["Retry-After"] = str(_spread(self.retry_after))
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        body = error_body(self.message, request_id, self.details)
        if path.startswith(PROTOCOL):
            body = to_json({"error": self.told()})
        return Response(body, self.status, headers, "application/json")

    def told(self) -> dict[str, Any]:
        """The error object of OpenAI's protocol: message, type, param, code."""
        kind = _KINDS.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        code = self.code or ("invalid_api_key" if self.status == 401 else None)
        return {"message": self.message, "type": kind, "param": self.param, "code": code}


def error_body(message: str, request_id: str = "", details: list[dict[str, Any]] | None = None) -> bytes:
    """The JSON of every error."""
    body: dict[str, Any] = {"error": message}
    if request_id:
        body["request_id"] = request_id
    if details:
        body["details"] = details
    return to_json(body)


def _spread(seconds: float) -> int:
    """Whole seconds, up to twice as many: those that were refused together must not come back together."""
    return 1 if seconds <= 1 else math.ceil(seconds * random.uniform(1.0, 2.0))


def late(seconds: float) -> Refused:
    """What was taken was not answered before its deadline."""
    message = f"no prediction within {seconds:g} s: send fewer or smaller examples, or come again when less is asked"
    return Refused(503, message, retry_after=seconds, reason="deadline")


def overloaded(message: str, retry_after: float, *, status: int = 429, reason: str = "queue") -> Refused:
    """Too much at once: the same request may succeed later."""
    return Refused(status, message, retry_after=retry_after, reason=reason)
