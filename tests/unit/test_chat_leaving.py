"""A streamed answer ends with its client, wherever the client was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, cast

import pytest

from burnish.server.chat.routes import _Streamed


class Answering:
    """What `_Streamed` asks of an answer."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def events(self, first: Any) -> AsyncIterator[bytes]:
        """Pieces without end."""
        while True:
            yield b"data: piece\n\n"
            await asyncio.sleep(0)

    def end(self, reason: str) -> None:
        """Note it."""
        self.ended.append(reason)


@pytest.mark.parametrize("pieces", [0, 3])
def test_a_client_that_is_gone_ends_it(pieces: int) -> None:
    """Before the first piece, when nothing of the answer has been asked for yet; or behind some, with none taken any more."""
    answering, sent = Answering(), list[Any]()

    async def receive() -> Any:
        await asyncio.sleep(0.05 if pieces else 0)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) > pieces:
            await asyncio.Event().wait()  # nobody reads

    async def answer() -> None:
        with suppress(Exception):
            scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
            await _Streamed(cast(Any, answering), cast(Any, None))(scope, receive, send)

    asyncio.run(asyncio.wait_for(answer(), 30))
    assert answering.ended == ["left"]
    assert len(sent) == pieces + 1
