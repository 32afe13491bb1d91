"""Bodies of requests: all of what was sent is read, or none."""

from __future__ import annotations

import gzip
import time
import zlib
from typing import Any

import pytest
from starlette.requests import Request

from burnish.server.limits import Bodies, parsed, unpacked
from burnish.server.refusal import Refused
from burnish.server.settings import Settings

TEXT = b"The parcel never came. I want a refund." * 10


def refused(status: int, work: Any, *given: Any) -> str:
    with pytest.raises(Refused) as error:
        work(*given)
    assert error.value.status == status, error.value.message
    return error.value.message


def members(*texts: bytes) -> bytes:
    return b"".join(gzip.compress(text, mtime=0) for text in texts)  # no time: bodies are names of tests


@pytest.mark.parametrize(
    "body",
    [
        members(TEXT),
        members(TEXT[:7], TEXT[7:]),
        members(TEXT, b""),
        members(b"", *(TEXT[i : i + 1] for i in range(len(TEXT)))),
        members(TEXT) + b"\0" * 1000,
        members(TEXT[:7]) + b"\0" * 512 + members(TEXT[7:]),
    ],
)
def test_every_member_of_a_gzip_body_is_read(body: bytes) -> None:
    assert unpacked(body, 10_000) == TEXT


@pytest.mark.parametrize("behind", [b"garbage", b"\0garbage", b"\x1f\x8b", b"\x1f\x8b\x08garbage", TEXT, b" ", b"\n"])
def test_what_stands_behind_is_refused(behind: bytes) -> None:
    refused(400, unpacked, members(TEXT) + behind, 10_000)


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_body_that_is_cut_off_is_refused(cut: int) -> None:
    refused(400, unpacked, members(TEXT)[:-cut], 10_000)
    refused(400, unpacked, members(TEXT, TEXT)[:-cut], 10_000)


def test_bombs_are_refused_before_they_are_in_memory() -> None:
    bomb = gzip.compress(b" " * 5_000_000)
    refused(413, unpacked, bomb, 1000)
    refused(413, unpacked, members(*[b" " * 400] * 3), 1000)
    assert len(unpacked(members(*[b" " * 400] * 2), 800)) == 800
    started = time.monotonic()
    refused(413, unpacked, members(b"") * 200_000, 1 << 24)
    assert time.monotonic() - started < 5


def test_other_forms_are_no_gzip() -> None:
    for body in (zlib.compress(TEXT), TEXT, b"", b"\0" * 100):
        refused(400, unpacked, body, 10_000)


@pytest.mark.parametrize(
    ("given", "packed"),
    [
        ([], False),
        (["identity"], False),
        ([""], False),
        (["GZIP"], True),
        (["x-gzip"], True),
        (["gzip, identity"], True),
        (["identity", "gzip"], True),
    ],
)
def test_encodings(given: list[str], packed: bool) -> None:
    import asyncio

    body = members(TEXT[:9], TEXT[9:]) if packed else TEXT
    assert asyncio.run(read(body, given)) == TEXT


@pytest.mark.parametrize(
    "given", [["gzip, gzip"], ["gzip", "gzip"], ["gzip", "br"], ["deflate"], ["zstd"], ["identity", "br"], ["x" * 500]]
)
def test_encodings_that_are_not_read(given: list[str]) -> None:
    import asyncio

    assert "gzip" in refused(415, lambda: asyncio.run(read(members(TEXT), given)))


async def read(body: bytes, encodings: list[str]) -> bytes:
    """The body of a request, in pieces of seven bytes."""
    pieces = [body[i : i + 7] for i in range(0, len(body), 7)]

    async def receive() -> dict[str, Any]:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    headers = [(b"content-encoding", e.encode()) for e in encodings]
    bodies = Bodies(Settings(bundles=["x"]))
    try:
        async with bodies.of(Request({"type": "http", "headers": headers}, receive)) as found:
            return found
    finally:
        assert bodies.held == 0


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00", "a\\ud83d", "\\ud83d\\u0041", "\\ude00\\ud83d", "\\ud83dx"])
def test_half_a_surrogate_pair_spoils_no_other_row(half: str) -> None:
    good, bad = parsed(f'["\\ud83d\\ude00", "{half}"]'.encode())
    assert good == "😀"
    with pytest.raises(UnicodeEncodeError):
        bad.encode()


@pytest.mark.parametrize(
    "body", [b'["\\ud800", NaN]', b'["\\ud800"', b'["\\ud800"] x', b'["\\ud800", -Infinity]', b'["\\ud800", "\\uzzzz"]']
)
def test_what_is_no_json_stays_so(body: bytes) -> None:
    refused(400, parsed, body)


def test_depth_and_digits_stay_bounded_beside_half_a_pair() -> None:
    refused(400, parsed, b'["\\ud800", ' + b"[" * 100_000 + b"]" * 100_000 + b"]")
    refused(400, parsed, b'["\\ud800", ' + b"9" * 100_000 + b"]")


def test_a_byte_order_mark_is_no_part_of_json() -> None:
    assert parsed(b'\xef\xbb\xbf{"text": "a"}') == {"text": "a"}
