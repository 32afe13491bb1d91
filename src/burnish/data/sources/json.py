"""One JSON document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, ClassVar

from pydantic import Field

from burnish.core.errors import InputError
from burnish.data.reading.encodings import open_text
from burnish.data.sources import (
    DEEPEST,
    PIECE_CHARACTERS,
    PIECE_ROWS,
    Rows,
    Source,
    columns_of,
    too_deep,
    without_repeats,
)

_EXPECTED = "an array of objects (one a row), or one object of columns"
_LARGEST_ROW = 1 << 26  # characters


class Json(Source):
    """One JSON document: an array of objects, one a row, or an object that holds a list for each column."""

    suffixes: ClassVar[tuple[str, ...]] = (".json", ".json.gz")
    optional_columns: ClassVar[bool] = True
    encoding: str | None = Field(None, description="Text encoding; found when left out.")

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces: an array is streamed, an object of columns is held in memory.

        Raises:
            InputError: not JSON (line named), or neither an array of objects nor an object of columns.
        """
        path = Path(where)
        with open_text(path, self.encoding) as text:
            values = _Values(text.stream, path)
            start = values.peek()
            if start == "[":
                values.skip()
                yield from _pieces(_array(values), text.encoding.name)
            elif start == "{":
                yield from _from_object(values, text.encoding.name, path)
            else:
                raise InputError(f"found a document that starts with {start!r}", expected=_EXPECTED, place=str(path))


class _Values:
    """JSON values taken one by one from a stream that may be far larger than memory."""

    def __init__(self, stream: IO[str], path: Path) -> None:
        self._stream, self.path = stream, path
        self._buffer, self._position, self._line = "", 0, 1
        self._decoder = json.JSONDecoder(object_pairs_hook=without_repeats)

    def _more(self, size: int = 1 << 18) -> bool:
        piece = self._stream.read(size)
        self._line += self._buffer.count("\n", 0, self._position)
        self._buffer, self._position = self._buffer[self._position :] + piece, 0
        return bool(piece)

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            while self._position < len(self._buffer):
                if not self._buffer[self._position].isspace():
                    return self._buffer[self._position]
                self._position += 1
            if not self._more():
                return ""

    def skip(self) -> None:
        self._position += 1

    def line(self, further: int = 0) -> int:
        return self._line + self._buffer.count("\n", 0, self._position + further)

    def object(self, largest: int | None = _LARGEST_ROW) -> dict[str, Any]:
        """The object that starts here."""
        if (character := self.peek()) != "{":
            raise self.wrong(
                f"found {character!r} where an object should start" if character else "the file ends too early"
            )
        while True:
            try:
                value, self._position = self._decoder.raw_decode(self._buffer, self._position)
            except json.JSONDecodeError as error:
                grown = len(self._buffer) - self._position
                if (largest is not None and grown > largest) or not self._more(max(1 << 18, grown)):
                    raise self.wrong(f"not JSON: {error.msg}") from error
            except (ValueError, RecursionError) as error:
                raise self.wrong(str(error)) from error
            else:
                if too_deep(value, DEEPEST + 1):  # an object of columns is one more
                    raise self.wrong(f"lists or objects in each other more than {DEEPEST} times")
                return dict(value)

    def wrong(self, what: str) -> InputError:
        return InputError(what, expected=_EXPECTED, place=f"{self.path}, line {self.line()}")


def _array(values: _Values) -> Iterator[dict[str, Any]]:
    if values.peek() != "]":
        yield values.object()
        while (mark := values.peek()) == ",":
            values.skip()
            yield values.object()
        if mark != "]":
            raise values.wrong(f"found {mark!r} after a row" if mark else "the file ends inside the array")
    values.skip()
    if rest := values.peek():
        raise values.wrong(f"found {rest!r} after the end of the array")


def _pieces(objects: Iterator[dict[str, Any]], encoding: str, notes: tuple[str, ...] = ()) -> Iterator[Rows]:
    rows: list[dict[str, Any]] = []
    size = 0
    for row in objects:
        rows.append(row)
        size += sum(len(v) for v in row.values() if isinstance(v, str))
        if len(rows) == PIECE_ROWS or size > PIECE_CHARACTERS:
            yield Rows(columns_of(rows), encoding, notes)
            rows, size = [], 0
    yield Rows(columns_of(rows), encoding, notes)


def _from_object(values: _Values, encoding: str, path: Path) -> Iterator[Rows]:
    first = values.object(largest=None)
    if values.peek() == "{":
        # JSON Lines under the name .json is so common that refusing it would only cost people a rename.
        yield from _pieces(_lines(first, values), encoding, ("holds one JSON object after another (JSON Lines)",))
        return
    if rest := values.peek():
        raise values.wrong(f"found {rest!r} after the end of the object")
    columns = {name: list(v.values()) if isinstance(v, dict) else v for name, v in first.items()}
    if not all(isinstance(v, list) for v in columns.values()):
        raise InputError(
            f"found one object with the keys {', '.join(map(repr, list(first)[:8]))}",
            expected=_EXPECTED,
            place=str(path),
        )
    lengths = {name: len(v) for name, v in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"the columns differ in length: {lengths}", expected=_EXPECTED, place=str(path))
    if len({tuple(v) for v in first.values() if isinstance(v, dict)}) > 1:
        raise InputError("the columns do not have the same row names", expected=_EXPECTED, place=str(path))
    rows = next(iter(lengths.values()), 0)
    for start in range(0, max(1, rows), PIECE_ROWS):
        yield Rows({name: v[start : start + PIECE_ROWS] for name, v in columns.items()}, encoding)


def _lines(first: dict[str, Any], values: _Values) -> Iterator[dict[str, Any]]:
    yield first
    while values.peek():
        yield values.object()
