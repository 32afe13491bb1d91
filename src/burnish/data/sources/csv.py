"""Comma- or tab-separated text."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, ClassVar, Literal

from pydantic import Field, field_validator

from burnish.core.errors import InputError
from burnish.data.reading.encodings import open_text
from burnish.data.sources import PIECE_CHARACTERS, PIECE_ROWS, Rows, Source
from burnish.data.sources._csv_layout import bare, layout, named_separator

_DELIMITERS = (",", "\t", ";", "|")
_NAMES = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma"}
_LONGEST_FIELD = 1 << 26  # characters; a longer one is a quote that was never closed


class Csv(Source):
    """Comma-, tab-, semicolon- or bar-separated text with a header line; every value is a string."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt", ".tab", ".csv.gz", ".tsv.gz", ".txt.gz", ".tab.gz")
    encoding: str | None = Field(None, description="Text encoding; found when left out.")
    delimiter: str | None = Field(None, description="What stands between fields: one character; found when left out.")
    quotes: bool = Field(
        True, description="Whether double quotes enclose fields; false where they are plain characters."
    )

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        value = {"tab": "\t", "\\t": "\t"}.get(value, value) if value is not None else None
        if value is not None and (len(value) != 1 or value in '"\r\n'):
            raise ValueError("must be one character, such as ',' or ';', or 'tab'")
        return value

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces; blank lines and empty columns without a name are left out and said.

        Raises:
            InputError: ragged row, unclosed quote, no header, duplicate or missing column name, NUL bytes, no rows.
        """
        path = Path(where)
        with open_text(path, self.encoding) as text:
            lines = _CsvLines(text.stream, path)
            try:
                yield from self._pieces(lines, path, text.encoding.name)
            except csv.Error as error:
                raise self._malformed(error, path, lines) from error

    def _pieces(self, lines: _CsvLines, path: Path, encoding: str) -> Iterator[Rows]:
        head = list(itertools.islice(lines, 200))
        named = named_separator(head[0]) if head else None
        delimiter = self.delimiter or named or _sniffed(head, self.quotes, path)
        notes = [] if delimiter == "," else [f"fields are separated by {_NAMES.get(delimiter, repr(delimiter))}"]
        skipped = named is not None  # a line that Excel wrote for itself
        head = head[1:] if skipped else head
        lines.restart(head, skipped)
        csv.field_size_limit(_LONGEST_FIELD)
        reader = csv.reader(lines, delimiter=delimiter, quoting=_quoting(self.quotes), strict=True)
        columns = layout(reader, _rows(head, delimiter, self.quotes), path)
        rows: list[list[str]] = []
        number, blank, waiting, started = 0, 0, 0, reader.line_num
        for row in reader:
            lines.row_started, started = started + 1 + skipped, reader.line_num
            if not row or (len(row) == 1 and columns.width > 1 and not row[0].strip()):
                blank += 1
                continue
            if columns.width > 1 and not any(cell.strip() for cell in row):
                waiting += 1  # Excel leaves such rows at the end; elsewhere they count
                continue
            for _ in range(waiting):
                number += 1
                rows.append([""] * len(columns.names))
            waiting = 0
            if bare(row[0]) == columns.header[0] and [bare(cell) for cell in row] == columns.header:
                columns.repeated += 1
                continue
            number += 1
            rows.append(columns.fields(row, number, lines.row_started))
            if len(rows) >= PIECE_ROWS or lines.characters > PIECE_CHARACTERS:
                yield from _in_pieces(columns.names, rows, encoding, notes)
                rows, lines.characters = [], 0
        if blank + waiting:
            notes.append(f"{blank + waiting:,} blank {'line' if blank + waiting == 1 else 'lines'} skipped")
        notes += columns.notes()
        yield from _in_pieces(columns.names, rows, encoding, notes)

    def _malformed(self, error: csv.Error, path: Path, lines: _CsvLines) -> InputError:
        fix = "double the quotes inside quoted fields"
        if self.quotes:
            fix += ", or say `quotes: false` where quotes are plain characters (source: {kind: csv, quotes: false})"
        where = f"the row after line {lines.row_started}"
        if "field larger" in str(error) or "unexpected end" in str(error):
            return InputError(f"{where} opens a quote that is never closed", fix=fix, place=str(path))
        return InputError(f"{where} is not well-formed: {error} (near line {lines.number})", fix=fix, place=str(path))


class _CsvLines:
    """The lines of a stream, counted; the first ones can be looked at and then read again."""

    def __init__(self, stream: IO[str], path: Path) -> None:
        self._stream: Iterator[str] = iter(stream)
        self._path = path
        self.number = self.characters = 0
        self.row_started = 1

    def restart(self, head: list[str], skipped: int) -> None:
        self._stream = itertools.chain(head, self._stream)
        self.number, self.characters = int(skipped), 0

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        line = next(self._stream)
        self.number += 1
        self.characters += len(line)
        if "\0" in line:
            raise InputError(f"not a table: line {self.number} has a NUL byte", place=str(self._path))
        return line


def _quoting(quotes: bool) -> Literal[0, 3]:
    return csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE


def _sniffed(head: list[str], quotes: bool, path: Path) -> str:
    """The delimiter that the header has and most of the first rows agree on; the file's ending decides a draw."""
    order = ("\t", *_DELIMITERS) if ".tsv" in path.name.lower() or ".tab" in path.name.lower() else _DELIMITERS
    best, best_score = order[0], (0.0, 0)
    for delimiter in order:
        counts = _field_counts(head, delimiter, quotes)
        if counts and counts[0] > 1:
            score = (sum(c == counts[0] for c in counts) / len(counts), counts[0])
            if score > best_score:
                best, best_score = delimiter, score
    return best


def _field_counts(head: list[str], delimiter: str, quotes: bool) -> list[int]:
    counts = [len(row) for row in _rows(head, delimiter, quotes)]
    return counts[:-1] if len(counts) > 2 else counts  # the last row may be cut


def _rows(head: list[str], delimiter: str, quotes: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(head, delimiter=delimiter, quoting=_quoting(quotes)):
            if row:
                rows.append(row)
    except csv.Error:
        pass  # said with its line when the file is read
    return rows


def _in_pieces(header: list[str], rows: list[list[str]], encoding: str, notes: list[str]) -> Iterator[Rows]:
    for start in range(0, max(1, len(rows)), PIECE_ROWS):
        yield Rows(_columns(header, rows[start : start + PIECE_ROWS]), encoding, tuple(notes))


def _columns(header: list[str], rows: list[list[str]]) -> dict[str, list[str]]:
    if not rows:
        return {name: [] for name in header}
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
