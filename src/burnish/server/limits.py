"""Bodies of requests, read within bounds: bytes, seconds, decompression, memory of all of them together."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request

from burnish.core.errors import InputError
from burnish.inputs import _picture_files, _sound_files
from burnish.server.refusal import Refused, overloaded
from burnish.server.settings import Settings


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
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip", ""):
            raise Refused(415, f"content-encoding {encoding[:40]!r} is not read; gzip is")
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
        if "gzip" not in encoding:
            return body
        plain = unpacked(body, limit)
        hold(len(plain))
        return plain


def unpacked(body: bytes, limit: int) -> bytes:
    """A gzip body, never more than `limit` bytes of it in memory.

    Raises:
        Refused: larger than the limit, damaged or cut off.
    """
    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error:
        raise Refused(400, "the body is not what its content-encoding gzip says") from None
    if len(plain) > limit:
        raise _too_large(limit)
    if not stream.eof:
        raise Refused(400, "the gzip body is cut off")
    return plain


def _too_large(limit: int) -> Refused:
    return Refused(413, f"the body has more than {limit:,} bytes", reason="size")


def parsed(body: bytes) -> Any:
    """JSON; depth and digits of numbers are bounded by the parser.

    Raises:
        Refused: not JSON (400).
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"not JSON: {str(error)[:200]}" if body else "the body is empty") from None


def check_file(data: bytes, thing: str, settings: Settings) -> None:
    """Whether an image or sound is small enough to be opened; looks at its header only.

    Raises:
        InputError: too large, in words. What cannot be opened at all is left to whoever opens it.
    """
    if thing == "image":
        try:
            _picture_files.opened(data, settings.max_pixels).close()
        except _picture_files.TooLarge:
            raise InputError("the image is too large", expected=f"at most {settings.max_pixels:,} pixels") from None
        except Exception:  # PIL has many kinds of error for broken files; the input names them better
            return
    elif thing == "sound":
        seconds = _seconds(data)
        if seconds is not None and seconds > settings.max_seconds:
            raise InputError(f"a sound of {seconds:,.0f} s", expected=f"at most {settings.max_seconds:g} s")


def _seconds(data: bytes) -> float | None:
    try:
        with _sound_files.opened(data) as about:
            return float(about.frames) / float(about.samplerate)
    except Exception:  # as above
        return None
