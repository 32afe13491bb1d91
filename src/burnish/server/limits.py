"""Bodies of requests, read within bounds: bytes, seconds, decompression, memory of all of them together."""

from __future__ import annotations

import asyncio
import codecs
import json
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from math import inf, isfinite
from typing import Any, TypeVar

from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request

from burnish.core.batch import Encoded
from burnish.core.errors import InputError
from burnish.core.windows import WINDOWS
from burnish.inputs import FromFiles
from burnish.server.refusal import Refused, overloaded
from burnish.server.settings import Settings

T = TypeVar("T")
LARGE = 256 << 10  # bytes; below, a thread costs more than the work
MOST_MEMBERS = 10_000  # of a gzip body
PIECE = 64 << 10  # bytes that are unpacked at once: what is behind a member is copied


class Bodies:
    """Reads bodies; knows how many bytes are held.

    Args:
        settings: the limits.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self.held = settings, 0

    @asynccontextmanager
    async def of(self, request: Request) -> AsyncIterator[bytes]:
        """The body, decompressed; its bytes count as held until the block ends.

        Raises:
            Refused: too large (413), too slow (408), an encoding that is not read (415), damaged (400), or too much is
                held already (503).
        """
        counted = [0]

        def hold(count: int) -> None:
            self.held += count
            counted[0] += count
            if self.held > self._settings.max_held:
                raise overloaded("too many bytes are being received", 1.0, status=503, reason="memory")

        try:
            async with asyncio.timeout(self._settings.body_timeout):
                yield_body = await self._read(request, hold)
        except TimeoutError:
            self.held -= counted[0]
            raise Refused(408, f"the body did not arrive within {self._settings.body_timeout:g} s") from None
        except BaseException:
            self.held -= counted[0]
            raise
        try:
            yield yield_body
        finally:
            self.held -= counted[0]

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Count bytes that a request keeps beside its body, a decoded picture, until the block ends.

        Raises:
            Refused: more than may ever be held (413), or too much is held already (503).
        """
        if size > self._settings.max_held:
            raise Refused(413, f"decoded it takes more than {self._settings.max_held:,} bytes", reason="size")
        if self.held + size > self._settings.max_held:
            raise overloaded("too many bytes are held", 1.0, status=503, reason="memory")
        self.held += size
        try:
            yield
        finally:
            self.held -= size

    async def _read(self, request: Request, hold: Any) -> bytes:
        limit = self._settings.max_body
        stated = request.headers.get("content-length", "0")
        if stated.isascii() and stated.isdigit() and int(stated[:20]) > limit:
            raise _too_large(limit)
        packed = _packed(request)
        pieces, size = [], 0
        try:
            async for piece in request.stream():
                size += len(piece)
                if size > limit:
                    raise _too_large(limit)
                hold(len(piece))
                pieces.append(piece)
        except ClientDisconnect:
            raise Refused(400, "the client went away") from None
        body = b"".join(pieces)
        if not packed:
            return body
        plain = await aside(unpacked, body, limit)
        hold(len(plain))
        return plain


async def aside(work: Callable[..., T], body: bytes, *more: Any) -> T:
    """What is done with a body, in a thread where it is so large that others would feel it."""
    return await asyncio.to_thread(work, body, *more) if len(body) > LARGE else work(body, *more)


def _packed(request: Request) -> bool:
    """Whether the body is gzip.

    Raises:
        Refused: any other encoding, or several (415).
    """
    given = ",".join(request.headers.getlist("content-encoding")).lower()
    words = [word.strip() for word in given.split(",")]
    words = [word for word in words if word not in ("", "identity")]
    if words in ([], ["gzip"], ["x-gzip"]):
        return bool(words)
    raise Refused(415, f"content-encoding {', '.join(words)[:40]!r} is not read; gzip, once, is")


def unpacked(body: bytes, limit: int) -> bytes:
    """A gzip body, all members of it, never more than `limit` bytes in memory.

    Raises:
        Refused: larger than the limit, damaged, cut off, or something else behind it.
    """
    pieces, size, place, members = [], 0, 0, 0
    stream = None
    while stream is None or place < len(body):
        if stream is None:
            stream, members = zlib.decompressobj(16 + zlib.MAX_WBITS), members + 1
            if members > MOST_MEMBERS:
                raise Refused(413, f"the gzip body has more than {MOST_MEMBERS:,} members", reason="size")
        piece = body[place : place + PIECE]
        try:
            pieces.append(stream.decompress(piece, limit - size + 1))
        except zlib.error:
            where = "behind its end" if members > 1 else "in it"
            raise Refused(400, f"the body is not what its content-encoding says: no gzip {where}") from None
        size += len(pieces[-1])
        if size > limit:
            raise _too_large(limit)
        place += len(piece) - len(stream.unused_data)
        if stream.eof:
            rest = body[place:].lstrip(b"\0") if body[place : place + 1] == b"\0" else None  # gzip may be padded
            place = place if rest is None else len(body) - len(rest)
            stream = None
            if place == len(body):
                return b"".join(pieces)
    raise Refused(400, "the gzip body is cut off")


def _too_large(limit: int) -> Refused:
    return Refused(413, f"the body has more than {limit:,} bytes", reason="size")


def parsed(body: bytes) -> Any:
    """JSON; depth and digits of numbers are bounded by the parser.

    Half a surrogate pair is legal in JSON and no text: it is read, so that only the row that holds it has an error.

    Raises:
        Refused: not JSON (400).
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        return from_json(body, allow_inf_nan=False)
    except (ValueError, RecursionError) as error:
        if "hex escape" in str(error):
            with suppress(ValueError, RecursionError):
                return json.loads(body, parse_constant=_no_number)
        raise Refused(400, f"not JSON: {str(error)[:200]}" if body else "the body is empty") from None


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def check_file(data: bytes, input: FromFiles, thing: str, settings: Settings) -> None:
    """Whether the file of a row is small enough to be opened; looks at its header only.

    Args:
        data: of the file.
        input: which measures it, in units of which the settings may have a most (`max_pixels`, `max_seconds`).
        thing: what such a file is called.
        settings: the limits.

    Raises:
        InputError: too large, in words. What cannot be opened at all is left to whoever opens it.
    """
    most = {name.removeprefix("max_"): value for name, value in settings if name.startswith("max_")}
    for unit, amount in input.measured(data, most).items():
        if amount > most.get(unit, inf):
            what = f"{amount:,.0f} {unit}" if isfinite(amount) else f"too many {unit}"
            raise InputError(f"the {thing} is too large: {what}", expected=f"at most {most[unit]:,g} {unit}")


def check_windows(views: Sequence[Encoded], most: int) -> None:
    """Whether a document has few enough windows to be computed.

    Args:
        views: of the row, as they were encoded.
        most: windows of all of them together.

    Raises:
        InputError: it has more, in words.
    """
    count = sum(len(view[WINDOWS]) for view in views if WINDOWS in view)
    if count > most:
        raise InputError(f"the document is too long: {count:,} windows", expected=f"at most {most:,}")
