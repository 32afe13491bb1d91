"""Clients that leave before they are answered: nothing more is computed for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from burnish.server.refusal import Refused

MOMENT = 0.05  # seconds after which it is watched whether a client is still there; most answers are quicker
GONE = 499  # what nginx notes of such a request; nobody reads it


@asynccontextmanager
async def unless_gone(request: Request) -> AsyncIterator[None]:
    """What is awaited in the block is cancelled when the client hangs up. The body must have been read.

    Raises:
        Refused: the client is gone (499).
    """
    current = asyncio.current_task()
    assert current is not None
    loop = asyncio.get_running_loop()
    watching: list[asyncio.Task[None]] = []
    left = False

    async def watch() -> None:
        nonlocal left
        while (await request.receive())["type"] != "http.disconnect":
            pass
        left = True
        current.cancel()

    timer = loop.call_later(MOMENT, lambda: watching.append(loop.create_task(watch())))
    try:
        yield
    except asyncio.CancelledError:
        if not left:
            raise
        current.uncancel()
        raise Refused(GONE, "the client went away", reason="gone") from None
    finally:
        timer.cancel()
        for task in watching:
            task.cancel()
