"""Connections of a real server: answers leave at once, and heads of requests have bounds."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from burnish.server import connection
from tests.integration.serving import Server, serving
from tests.slow_cases import slow_but

HEAD = b"POST /predict HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
KEY = "h" * 32


@pytest.fixture(scope="module")
def server(without_torch: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that answers with a key only: what is refused here is refused before any key is looked at."""
    folder = tmp_path_factory.mktemp("connection")
    (folder / "keys").write_text(KEY)
    with serving(folder / "log", without_torch, "--keys", folder / "keys") as found:
        yield found.wait_ready()


def milliseconds(address: str, requests: int = 40) -> float:
    """The median of a request on a connection that is kept, by a client that waits for its acknowledgements."""
    place = urlsplit(address)
    client = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    found = []
    for _ in range(requests):
        started = time.perf_counter()
        client.request("GET", "/readyz")
        client.getresponse().read()
        found.append(1000 * (time.perf_counter() - started))
    client.close()
    return statistics.median(found[requests // 2 :])  # Linux acknowledges the first packets of a connection at once


def test_answers_leave_at_once(server: Server) -> None:
    assert milliseconds(server.address) < 20  # 40 or more where the body waits for the acknowledgement of the head


@pytest.mark.parametrize(("host", "workers"), slow_but([("::1", 1), ("127.0.0.1", 2)], ("::1", 1)))
def test_answers_leave_at_once_everywhere(without_torch: Path, tmp_path: Path, host: str, workers: int) -> None:
    try:
        socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError:
        pytest.skip(f"{host} cannot be listened at here")
    with serving(tmp_path, without_torch, "--host", host, "--workers", workers) as found:
        assert milliseconds(found.wait_ready().address) < 20


def opened(server: Server) -> socket.socket:
    place = urlsplit(server.address)
    return socket.create_connection((place.hostname or "", place.port or 0), 20)


def said(client: socket.socket) -> tuple[int, dict[str, str]]:
    """Status and JSON of what comes until the server hangs up."""
    found = b""
    while piece := client.recv(65536):
        found += piece
    head, _, body = found.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def resident(server: Server) -> int:
    return server.resident() >> 20


def endless(server: Server, piece: bytes, begin: bytes = HEAD, most: int = 40 << 20) -> tuple[int, int]:
    """Send a piece for ever; how many bytes the server took, and what it said."""
    with opened(server) as client:
        client.sendall(begin)
        sent = 0
        try:
            while sent < most:
                client.sendall(piece)
                sent += len(piece)
        except OSError:  # it hung up
            pass
        try:
            return sent, said(client)[0]
        except (OSError, IndexError):
            return sent, 0


@pytest.mark.parametrize("piece", [b"X-A: " + b"a" * 1000 + b"\r\n", b"X-" + b"a" * 50 + b": b\r\n", b"a" * 4096])
def test_headers_without_end(server: Server, piece: bytes) -> None:
    before = resident(server)
    begin = HEAD + (b"X-Long: " if b":" not in piece else b"")
    _, status = endless(server, piece, begin)
    assert status in (0, 431)  # 0: hung up on before it could read why
    assert resident(server) - before < 20
    assert httpx.get(f"{server.address}/readyz").status_code == 200


def test_headers_behind_a_chunked_body_without_end(server: Server) -> None:
    before = resident(server)
    begin = HEAD + f"X-API-Key: {KEY}\r\n".encode() + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    for piece in (b"X-A: " + b"a" * 1000 + b"\r\n", b"X-B: " + b"a" * 65_000):
        endless(server, piece, begin)
    assert resident(server) - before < 20


def ask(server: Server, head: bytes) -> tuple[int, dict[str, str]]:
    with opened(server) as client:
        client.sendall(head)
        return said(client)


def test_heads_that_are_too_large_say_so(server: Server) -> None:
    close = b"Connection: close\r\n\r\n"
    many = b"".join(b"X-%d: 1\r\n" % i for i in range(connection.MOST_HEADERS))
    for status, head, word in [
        (431, HEAD + b"X: " + b"y" * 70_000 + b"\r\n" + close, "headers"),
        (431, HEAD + b"".join(b"X-%d: " % i + b"y" * 6000 + b"\r\n" for i in range(11)) + close, "headers"),
        (431, HEAD + many + close, "128 headers"),
        (414, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + close, "address"),
        (414, b"GET /" + b"a" * 2_000_000, "address"),
        (400, b"nothing of HTTP\r\n\r\n", "HTTP"),
    ]:
        found, body = ask(server, head)
        assert (found, word in body["error"]) == (status, True), (head[:80], found, body)


def test_heads_within_the_bounds_are_read(server: Server) -> None:
    key = f"X-API-Key: {KEY}\r\n".encode()
    more = b"".join(b"X-%d: " % i + b"y" * 600 + b"\r\n" for i in range(100))
    body = b'"my card"'
    head = HEAD + key + more + b"Content-Length: %d\r\n" % len(body)
    assert ask(server, head + b"Connection: close\r\n\r\n" + body)[0] == 200
    with opened(server) as client:  # one after the other on one connection, and both at once
        client.sendall((head + b"\r\n" + body) * 30 + head + b"Connection: close\r\n\r\n" + body)
        found = b""
        while piece := client.recv(65536):
            found += piece
    assert found.count(b"HTTP/1.1 200") == 31


def test_slow_heads_are_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    import uvicorn

    async def nothing(scope: dict[str, str], receive: object, send: Callable[..., object]) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})  # type: ignore[misc]
        await send({"type": "http.response.body"})  # type: ignore[misc]

    monkeypatch.setattr(connection, "SECONDS", 0.3)
    config = uvicorn.Config(nothing, http=connection.Connection, log_config=None, lifespan="off")  # type: ignore[arg-type]
    config.load()

    def dripping(port: int, kept: bool) -> tuple[bytes, float]:
        with socket.create_connection(("127.0.0.1", port), 10) as client:
            if kept:
                client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                assert b"204" in client.recv(65536)
            client.settimeout(0.05)
            started, found = time.monotonic(), b""
            while time.monotonic() - started < 8:
                try:
                    client.sendall(b"X" if not kept else b"G")
                    found += (piece := client.recv(65536))
                    if not piece:
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            return found, time.monotonic() - started

    async def work() -> None:
        loop = asyncio.get_running_loop()
        state = uvicorn.server.ServerState()
        made = await loop.create_server(lambda: connection.Connection(config, state, {}), "127.0.0.1", 0)
        port = made.sockets[0].getsockname()[1]
        for kept in (False, True):
            found, seconds = await asyncio.to_thread(dripping, port, kept)
            assert seconds < 5
            assert b" 408 " in found or b" 400 " in found, found
        silent = socket.create_connection(("127.0.0.1", port), 10)
        assert await asyncio.to_thread(silent.recv, 10) == b""  # who says nothing is hung up on as well
        made.close()

    asyncio.run(work())
