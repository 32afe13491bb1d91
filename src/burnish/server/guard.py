"""What every request passes first: its id, its key, whether the server is stopping; and what is noted of it last."""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from burnish.server.logs import LOG
from burnish.server.metrics import Metrics
from burnish.server.refusal import Refused, overloaded

OPEN = frozenset({"/", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
"""Answered without a key."""
PROBES = frozenset({"/healthz", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"})
"""Answered while the server stops, and not logged."""
NOTED = (
    "model",
    "version",
    "rows",
    "errors",
    "reason",
    "prompt_tokens",
    "written_tokens",
    "ended",
    "heard_seconds",
    "payload",
)
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Guard:
    """The outermost layer.

    Args:
        app: what answers.
        metrics: where requests are counted.
        keys: API keys; none: every request is answered.
        stopping: set when the server takes no more requests.
        direct: addresses of POST that are answered without the layers below.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        keys: Sequence[str],
        stopping: threading.Event,
        direct: Mapping[str, ASGIApp] | None = None,
    ) -> None:
        self.app, self.metrics, self.stopping = app, metrics, stopping
        self._direct = {} if direct is None else direct
        self._keys = [_digest(key) for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        if head := scope["method"] == "HEAD":  # as GET, without the body; whoever listens knows that by the first scope
            scope = {**scope, "method": "GET"}
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = [0]

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                response_headers = MutableHeaders(scope=message)
                response_headers["X-Request-Id"] = request_id
                response_headers.setdefault("X-Content-Type-Options", "nosniff")
                if self.stopping.is_set():
                    response_headers["Connection"] = "close"
            await send({**message, "body": b""} if head and "body" in message else message)

        try:
            refusal = self._refusal(scope["path"], headers, scope["method"])
            if refusal is not None:
                state["reason"] = refusal.reason
                await refusal.response(request_id, scope["path"])(scope, receive, sent)
            else:
                quick = self._direct.get(scope["path"]) if scope["method"] == "POST" else None
                await (quick or self.app)(scope, receive, sent)
        except Exception as error:
            LOG.exception("unexpected error", extra={"request_id": request_id})
            if status[0]:
                raise
            message = f"unexpected error; the log has it under {request_id}"
            refused = Refused(500, message, reason=type(error).__name__)
            await refused.response(request_id, scope["path"])(scope, receive, sent)
        finally:
            self._note(scope, state, status[0], time.perf_counter() - started)

    def _refusal(self, path: str, headers: Headers, method: str) -> Refused | None:
        if self.stopping.is_set() and path not in PROBES:
            return overloaded("the server is stopping", 1.0, status=503, reason="stopping")
        if self._keys and path not in OPEN and method != "OPTIONS" and not self._known(headers):
            return Refused(401, "an API key is needed: Authorization: Bearer KEY", reason="key")
        return None

    def _known(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            given = headers.get("x-api-key", "")
        digest = _digest(given.strip())
        # Digests are of one length, and all are compared whichever fits: the time tells nothing of any key.
        return sum([hmac.compare_digest(digest, key) for key in self._keys]) > 0

    def _note(self, scope: Scope, state: dict[str, Any], status: int, seconds: float) -> None:
        # The route's own words, never the address: whoever asks for a thousand addresses must not make a thousand series.
        route = state.get("route") or getattr(scope.get("route"), "path", "none")
        self.metrics.requests.labels(route, str(status)).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        if status in (401, 408, 413, 429, 499, 503):
            self.metrics.refused.labels(state.get("reason") or str(status)).inc()
        if scope["path"] in PROBES and status < 400:
            return
        known: dict[str, Any] = {k: state[k] for k in NOTED if state.get(k) not in (None, "")}
        LOG.info(
            "request",
            extra={
                "request_id": state["request_id"],
                "method": scope["method"],
                "route": route,
                "status": status,
                "milliseconds": round(seconds * 1000, 2),
                **known,
            },
        )


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
