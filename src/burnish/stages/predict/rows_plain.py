"""Rows that are to be answered, without pyarrow: CSV, TSV, JSON and JSON lines, kept as JSON lines while they are answered.

The readers are those of training. Values stay as they stand in the file: numbers in a column of CSV are text, and a column of
JSON may hold numbers beside text.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

from burnish.core.component import component_class
from burnish.core.errors import InputError
from burnish.core.files import sha256
from burnish.data.reading.places import Place, locate
from burnish.data.reading.shards import require_like
from burnish.data.settings import Data
from burnish.data.sources import Source
from burnish.stages.given_columns import GivenColumns
from burnish.stages.predict.rows import LARGER, InputRows, Window, Windows, cuts

KINDS = ("csv", "json", "jsonl")
"""Sources that need no pyarrow."""
KEPT = "rows.jsonl"


@dataclass(frozen=True)
class PlainWindow(Window):
    """Rows as JSON lines."""

    lines: bytes
    keeper: ClassVar[str] = "rows_plain"

    def rows(self) -> list[dict[str, Any]]:
        """As Python values."""
        return [json.loads(line) for line in self.lines.splitlines()]

    def packed(self) -> bytes:
        """The lines."""
        return self.lines


def unpacked(data: bytes) -> PlainWindow:
    """What `PlainWindow.packed` gave."""
    return PlainWindow(data)


class PlainRows(InputRows):
    """Rows of files, in one file of JSON lines.

    Args:
        data: a file, a glob, a folder of such files, or rows given as a column of file names.
        given: the columns that the model reads, as they are called here.
        spool: folder in which the rows are kept.

    Raises:
        InputError: nothing there, a format that needs pyarrow, a column is missing, or as the reader says.
    """

    def __init__(self, data: str | dict[str, list[str]], given: GivenColumns, spool: Path) -> None:
        self._path = spool / KEPT
        self._ends = array("q", [0])
        columns, notes = dict[str, None](), list[str]()
        files: list[dict[str, Any]] = []
        with self._path.open("w", encoding="ascii") as kept:
            if isinstance(data, dict):
                columns.update(dict.fromkeys(data))
                self._keep(kept, data)
            else:
                for place in _places(data):
                    self._read(kept, place, columns, notes, files)
        given.require(tuple(columns), place=data if isinstance(data, str) else "")
        self.columns, self.notes = tuple(columns), tuple(notes)
        self.fingerprint = sha256(self._path)

    def _read(
        self, kept: Any, place: Place, columns: dict[str, None], notes: list[str], files: list[dict[str, Any]]
    ) -> None:
        rows, said, names = 0, dict[str, None](), dict[str, None]()
        for piece in place.source.read(place.where):
            names.update(dict.fromkeys(piece.columns))
            said.update(dict.fromkeys([f"read as {piece.encoding}"] * bool(piece.encoding) + list(piece.notes)))
            rows += self._keep(kept, piece.columns)
        files.append(require_like(place.shown, rows, list(names), place.source.optional_columns, files))
        columns.update(names)
        notes += [f"{place.shown}: {note}" for note in said]

    def _keep(self, kept: Any, columns: dict[str, Any]) -> int:
        """Write a piece, and remember where each row ends."""
        names = list(columns)
        rows = 0
        for values in zip(*columns.values(), strict=True):
            line = json.dumps(dict(zip(names, values, strict=True))) + "\n"
            kept.write(line)
            self._ends.append(self._ends[-1] + len(line))  # ASCII: as many bytes as characters
            rows += 1
        return rows

    def __len__(self) -> int:
        return len(self._ends) - 1

    def windows(self, rows: int) -> PlainWindows:
        """Windows of so many rows, the last of fewer."""
        return PlainWindows(self._path, self._ends, rows)


class PlainWindows(Windows):
    """A file of JSON lines, cut.

    Args:
        path: the file.
        ends: where each row ends in it.
        rows: of a window at most.
    """

    def __init__(self, path: Path, ends: Sequence[int], rows: int) -> None:
        self._path, self._ends, self._cuts = path, ends, cuts(ends, rows)

    def __len__(self) -> int:
        return len(self._cuts) - 1

    def window(self, number: int) -> PlainWindow:
        """Read from the file."""
        start, end = (self._ends[row] for row in self._cuts[number : number + 2])
        with self._path.open("rb") as file:
            file.seek(start)
            return PlainWindow(file.read(end - start))


def _places(data: str) -> list[Place]:
    """The files, found as `burnish train` finds them, of formats that need no pyarrow."""
    places, _ = locate(data, Data(train=data), "train")
    for place in places:
        if place.source.kind() not in KINDS:
            raise InputError(
                f"{place.source.kind()} in an install without pyarrow",
                expected=_expected(),
                fix=LARGER,
                place=place.shown,
            )
    return places


def _expected() -> str:
    classes = (cast("type[Source]", component_class("burnish.data.sources", kind)) for kind in KINDS)
    return "files that end in one of " + ", ".join(ending for cls in classes for ending in cls.suffixes)
