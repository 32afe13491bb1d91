"""Requests that no honest client sends: a fixed stream of them, drawn from a seed."""

from __future__ import annotations

import gzip
import json
import random
import socket
import struct
import zlib
from functools import cache
from urllib.parse import urlsplit

PATHS = (
    "/predict",
    "/models/m/predict",
    "/explain",
    "/models/m/versions/1/predict",
    "/v2/models/m/infer",
    "/",
    "/nothing",
    "/%2e%2e/",
)
TYPES = (
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "image/png",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "a" * 300,
    "application/json; charset=utf-7",
)

TENSOR = {"name": "text", "datatype": "BYTES", "data": []}


def body(random_: random.Random) -> bytes:
    """Malformed, deep, huge, or nearly right."""
    deep = random_.choice([10, 200, 5000, 50_000])
    return random_.choice(
        [
            lambda: random_.randbytes(random_.randint(0, 300)),
            lambda: b"[" * deep + b"]" * deep,
            lambda: b'{"text":' * deep,
            lambda: b'{"text": ' + b"1" * deep + b"}",
            lambda: b'{"text": 1e' + b"9" * 20 + b"}",
            lambda: json.dumps({"text": random_.choice([None, True, 1.5, [], {}, [["a"]], "\x00", "\u202e" * 50])}).encode(),
            lambda: json.dumps([{"text": "a"}] * random_.choice([0, 1, 129, 5000])).encode(),
            lambda: json.dumps({"text": "a " * random_.choice([1, 5000, 90_000])}).encode(),
            lambda: b'{"text": "\\ud83d"}',
            lambda: b'{"text": "a", "text": "b"}',
            lambda: '{"text": "\u0000\uffff\U0001f600 ﷺ ‮"}'.encode(),
            lambda: json.dumps({"rows": {"rows": [{"rows": []}]}}).encode(),
            lambda: b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nc\r\n' * random_.choice([1, 500]),
            lambda: b"--x\r\n" * 2000,
            lambda: json.dumps({"inputs": [{**TENSOR, "shape": [random_.choice([0, -1, 1 << 62])]}]}).encode(),
            lambda: struct.pack("<I", 1 << 31) * 4,
            lambda: b"\xef\xbb\xbf{}",
        ]
    )()  # fmt: skip


@cache
def bomb() -> bytes:
    """Forty megabytes of blanks, small as they travel."""
    return gzip.compress(b" " * 40_000_000, 1)


def packed(data: bytes, random_: random.Random) -> tuple[bytes, str]:
    """A body under a content-encoding, right or wrong, whole or cut off, or a bomb."""
    kind = random_.randint(0, 5)
    if kind == 0:
        return gzip.compress(data), "gzip"
    if kind == 1:
        return gzip.compress(data)[: random_.randint(0, 30)], "gzip"
    if kind == 2:
        return bomb(), "gzip"
    if kind == 3:
        return zlib.compress(data), "deflate"
    if kind == 4:
        return data, random_.choice(["gzip, gzip", "br", "zstd", "x" * 500])
    return data, ""


def request(seed: int) -> bytes:
    """The bytes of one request; some are no HTTP."""
    random_ = random.Random(seed)
    data, encoding = packed(body(random_), random_)
    length: object = len(data)
    if random_.random() < 0.15:
        length = random_.choice([0, len(data) + 50, len(data) // 2, 10**18, -5, "1e3", "9" * 400])
    lines = [
        f"{random_.choice(['POST'] * 8 + ['GET', 'PUT', 'OPTIONS', 'XX'])} {random_.choice(PATHS)} HTTP/1.1",
        "Host: h",
        f"Content-Type: {random_.choice(TYPES)}",
        f"Content-Length: {length}",
        "Connection: close",
    ]
    if encoding:
        lines.append(f"Content-Encoding: {encoding}")
    if random_.random() < 0.1:
        lines.append(
            random_.choice(
                ["Transfer-Encoding: chunked", "Expect: 100-continue", f"X: {'y' * 100_000}", "X-Request-Id: \x01"]
            )
        )
    if random_.random() < 0.1:
        lines.append(f"Inference-Header-Content-Length: {random_.choice(['-1', '7', '9' * 60, 'x'])}")
    whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + data
    return random_.randbytes(200) if random_.random() < 0.02 else whole


def status(address: str, data: bytes, seconds: float = 20.0) -> int:
    """Send bytes, close our half, and read the status of the answer; 0 where the server hung up without one.

    Raises:
        TimeoutError: it neither answered nor hung up.
    """
    place = urlsplit(address)
    assert place.hostname == "127.0.0.1"
    with socket.create_connection((place.hostname, place.port or 80), seconds) as connection:
        connection.settimeout(seconds)
        found = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while b"\r\n" not in found and (piece := connection.recv(65536)):
                found += piece
        except (ConnectionResetError, BrokenPipeError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
        words = found.split(b" ", 2)
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
