"""How a CSV file is laid out: Excel's first line, the header, and fields that stand beyond it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from burnish.core.errors import InputError

_SEPARATOR = re.compile(r"\s*\"?sep=(.)\"?[\s;,]*", re.IGNORECASE)
_RECURS = 2  # how often a name must stand below itself, so that the line is taken for a row


def bare(name: str) -> str:
    """A name without white space and without the byte order marks that files written one behind another leave."""
    return name.replace("\ufeff", "").strip()


def named_separator(line: str) -> str | None:
    """The delimiter that a first line of Excel names (`sep=;`); None where it is no such line."""
    body = line.rstrip("\r\n")
    if body.lower() == "sep=\t":
        return "\t"
    match = _SEPARATOR.fullmatch(body)
    return match[1] if match else None


@dataclass
class CsvLayout:
    """The columns of a file.

    Attributes:
        path: of the file, for errors.
        header: the first line.
        names: of the columns that have one.
        places: where their fields stand in a row.
        width: how many fields the header has.
        unnamed: numbers of columns without a name, counted from 1.
        beyond: rows with empty fields beyond the header.
        repeated: rows that are the header again.
    """

    path: Path
    header: list[str]
    names: list[str]
    places: list[int]
    width: int
    unnamed: list[int]
    beyond: int = 0
    repeated: int = 0
    _plain: bool = field(default=False)

    def fields(self, row: list[str], number: int, line: int) -> list[str]:
        """The fields of the named columns.

        Args:
            row: as it was read; number: of the row, counted from 1; line: that it starts in.

        Raises:
            InputError: fields are missing, there are too many, or a column without a name holds something.
        """
        if self._plain and len(row) == self.width:
            return row
        if len(row) <= self.places[-1]:
            raise self._ragged(row, number, line)
        for column in self.unnamed:
            if column <= len(row) and row[column - 1].strip():
                raise self._nameless(column, row[column - 1], number, line)
        if len(row) > self.width:
            if any(cell.strip() for cell in row[self.width :]):
                raise self._ragged(row, number, line)
            self.beyond += 1
        return [row[place] for place in self.places]

    def notes(self) -> list[str]:
        """What was left out, in words."""
        said = []
        if self.unnamed:
            listed = ", ".join(map(str, self.unnamed[:8])) + (" ..." if len(self.unnamed) > 8 else "")
            which = f"column {listed} has" if len(self.unnamed) == 1 else f"columns {listed} have"
            said.append(f"{which} neither name nor values, and {'is' if len(self.unnamed) == 1 else 'are'} left out")
        if self.beyond:
            said.append(f"{self.beyond:,} rows have empty fields beyond the header, which are left out")
        if self.repeated:
            said.append(f"{self.repeated:,} rows are the header again, and are left out")
        return said

    def _ragged(self, row: list[str], number: int, line: int) -> InputError:
        return InputError(
            f"row {number} (line {line}) has {len(row)} {'field' if len(row) == 1 else 'fields'}",
            expected=f"{len(self.names)}: {', '.join(self.names)}",
            fix="put double quotes around fields that hold the delimiter or a line end, or name `delimiter`",
            place=str(self.path),
        )

    def _nameless(self, column: int, value: str, number: int, line: int) -> InputError:
        return InputError(
            f"the header has no name for column {column}, which holds {value!r:.60} in row {number} (line {line})",
            expected="a first line with a name for each column",
            fix="name the column, or write the file without the row index (pandas: index=False)",
            place=str(self.path),
        )


def layout(reader: Iterable[list[str]], head: Sequence[list[str]], path: Path) -> CsvLayout:
    """The columns that the first line names.

    Args:
        reader: gives the header, and afterwards the rows.
        head: the first lines as rows, to see whether the first of them is a header.
        path: for errors.

    Raises:
        InputError: no column has a name, two have the same, or the first line is a row.
    """
    header = [bare(name) for name in next((row for row in reader if row), [])]
    places = [place for place, name in enumerate(header) if name]
    names = [header[place] for place in places]
    if not names:
        raise InputError(
            f"the header has no name for any of its {len(header)} columns",
            expected="a first line with a name for each column",
            fix="name the columns in the first line, such as text,label",
            place=str(path),
        )
    _require_header(header, head, path)
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        where = [str(place + 1) for place in places if header[place] == twice[0]]
        raise InputError(
            f"the header names {', '.join(map(repr, twice))} more than once ({twice[0]!r} in columns {' and '.join(where)})",
            fix="rename one, or take one out",
            place=str(path),
        )
    unnamed = [place + 1 for place, name in enumerate(header) if not name]
    return CsvLayout(path, header, names, places, len(header), unnamed, _plain=not unnamed)


def _require_header(header: list[str], head: Sequence[list[str]], path: Path) -> None:
    """That the first line is no row: its label would stand among the labels below."""
    rows = [[cell.strip() for cell in row] for row in head[1:]]
    rows = [row for row in rows if row != header]
    if len(header) < 2 or header == [str(i) for i in range(len(header))]:  # numbers that pandas gives columns
        return
    for place, name in enumerate(header):
        below = Counter(row[place] for row in rows if place < len(row) and row[place])
        if name and below[name] >= _RECURS and len(below) > 1:
            raise InputError(
                f"the first line seems to be a row and not the names of the columns: {header}"[:300]
                + f"; {name!r} stands below it as a value as well",
                expected="a first line with a name for each column",
                fix="add one, such as " + ",".join(("text", "label", *"abcdefgh")[: len(header)]),
                place=str(path),
            )
