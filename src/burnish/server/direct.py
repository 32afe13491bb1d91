"""Questions to a model answered without the layers of a web framework, which take a third of the time beside the model.

The same handlers as behind the framework's routes, which stay for the schema and for every other method.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from burnish.server.refusal import Refused
from burnish.server.routes import Handler
from burnish.server.served import Served, Unanswered


def direct(places: Sequence[tuple[str, Served]], handler: Callable[[Served], Handler]) -> dict[str, ASGIApp]:
    """Address to what answers a POST there.

    Args:
        places: addresses, and the model behind each.
        handler: what answers for a model.
    """
    return {place: _answering(place, handler(served)) for place, served in places}


def _answering(place: str, handler: Handler) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        request.state.route = place
        try:
            response = await handler(request)
        except (Refused, Unanswered) as error:
            response = response_to(error, request)
        await response(scope, receive, send)

    return answer


def response_to(error: Refused | Unanswered, request: Request) -> Response:
    """What a client is told, and the reason noted for the log."""
    request_id: str = request.state.request_id
    path = request.url.path
    if isinstance(error, Refused):
        request.state.reason = error.reason
        return error.response(request_id, path)
    refused = Refused(500, f"the model failed on an example; the log has it under {request_id}", reason="model")
    return refused.response(request_id, path)
