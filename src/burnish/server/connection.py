"""A connection: bounds for the head of a request, before anything else is looked at, and packets that leave at once."""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from burnish.server.logs import LOG
from burnish.server.refusal import error_body

MOST_BYTES = 64 << 10  # of all headers of a request together, its address with them
MOST_ADDRESS = 8 << 10
MOST_HEADERS = 128
SECONDS = 10.0  # in which the head of a request must be here
LINGER = 2.0  # seconds in which what a refused client still sends is thrown away, so that it reads why


def send_at_once(connection: Any) -> None:
    """Turn off Nagle's algorithm: the body of an answer must not wait until the client has confirmed its head.

    That confirmation comes 40 ms later on Linux. asyncio does this only for sockets made with the protocol number of
    TCP; those uvicorn binds have 0, and what they accept has it, too.
    """
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Connection(HttpToolsProtocol):
    """Uvicorn's connection, which by itself takes headers without end.

    The parser is fed no more than `MOST_BYTES` that are no body, so that neither many headers, nor one long one, nor
    headers behind a chunked body fill the memory. What is refused gets JSON as every refusal, and then no request.
    """

    _quiet = 0  # bytes since a request began or a piece of its body came
    _headers = 0
    _header_bytes = 0
    _in_head = True
    _refused = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is here, and has `SECONDS` to say what it wants."""
        super().connection_made(transport)
        send_at_once(transport.get_extra_info("socket"))
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, a bounded piece of a head at a time."""
        while data and not self._refused and not self.transport.is_closing():
            size = max(1, MOST_BYTES + 1 - self._quiet) if self._in_head else len(data)
            piece, data = data[:size], data[size:]
            self._quiet += len(piece)
            super().data_received(piece)
            if self._quiet > MOST_BYTES:
                self._refuse(431, f"the headers have more than {MOST_BYTES:,} bytes")
        if self._in_head and self._quiet and self._timer is None and not self._refused:
            self._expect_head()

    def on_message_begin(self) -> None:
        """The first bytes of a request."""
        self._headers = self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        super().on_url(url)
        if len(self.url) > MOST_ADDRESS:
            self._refuse(414, f"the address has more than {MOST_ADDRESS:,} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, before the body or behind it."""
        self._headers += 1
        self._header_bytes += len(name) + len(value) + 4
        if self._headers > MOST_HEADERS:
            self._refuse(431, f"more than {MOST_HEADERS} headers")
        elif self._header_bytes > MOST_BYTES:
            self._refuse(431, f"the headers have more than {MOST_BYTES:,} bytes")
        if self._in_head and not self._refused:  # what stands behind a body is nobody's business
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole: the request begins."""
        self._head_is_here()
        self._in_head, self._quiet = False, 0
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body, whose size others watch."""
        self._quiet = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of a request; the head of another may follow."""
        self._in_head, self._quiet = True, 0
        if not self._refused:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What cannot be read as HTTP."""
        self._refuse(400, "not a request of HTTP/1.1")

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(SECONDS, self._head_is_late)

    def _head_is_here(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_is_late(self) -> None:
        self._timer = None
        if self._quiet:
            self._refuse(408, f"the headers did not arrive within {SECONDS:g} s")
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, status: int, message: str) -> None:
        """Say why, once, and take nothing more of this client."""
        if self._refused:
            return
        self._refused = True
        self._head_is_here()
        if self.transport.is_closing():
            return
        LOG.info("refused", extra={"status": status, "reason": message})
        if not self._may_answer():
            self.transport.abort()
            return
        body = error_body(message)
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        # Closed at once the client would be reset while it still sends, and never read this.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.abort)

    def _may_answer(self) -> bool:
        """Whether no answer to an earlier request is due or half written; the request that is refused then has none."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        if self._in_head or cycle.response_started:
            return False
        cycle.disconnected = True  # its handler, which waits for the rest of the body, ends
        cycle.message_event.set()
        return True
