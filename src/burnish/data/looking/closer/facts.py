"""Facts of rows beside their content: length, size, format, edges, file name, other columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.data.looking.closer.rows import Rows
from burnish.inputs import FromFiles

MOST_VALUES = 1000
"""Different values of a column from which on it says which row it is, and not of what kind."""
_UNSAID = ("content", "look", "thumbnail", "fingerprint", "problem")
_NUMBER = re.compile(r"\d+")
_UNITS = {
    "seconds": "length in seconds",
    "width": "width in pixels",
    "height": "height in pixels",
    "low": "darkest grey value",
    "high": "brightest grey value",
}


@dataclass(frozen=True)
class Fact:
    """One fact of N rows.

    Attributes:
        name: in words.
        values: [N] numbers, or texts.
        known: [N] where there is one.
        numeric: whether they are numbers.
        seen: whether the network reads it, or may see it in what it reads.
    """

    name: str
    values: NDArray[Any]
    known: NDArray[np.bool_]
    numeric: bool = True
    seen: bool = True


def facts_of_rows(rows: Rows) -> Iterator[Fact]:
    """All facts that are known."""
    reporter = rows.reporter
    if reporter.input.stored:
        lengths = rows.together({name: scan.characters for name, scan in reporter.scans.items()})
        yield Fact("the length in characters", lengths.astype(np.float64), lengths > 0)
    yield from _of_files(rows)
    yield from _of_columns(rows)


def _of_files(rows: Rows) -> Iterator[Fact]:
    inspections = [scan.part.table.inspection for scan in rows.reporter.scans.values()]
    if any(known is None for known in inspections):
        return
    names = sorted({name for known in inspections if known is not None for name in known.facts.column_names})
    for name in names:
        if name not in _UNSAID:
            yield from _fact(f"the {_UNITS.get(name, name.replace('_', ' '))}", _facts(rows, name), seen=True)
    yield from _of_paths(rows)


def _facts(rows: Rows, name: str) -> list[Any]:
    values: list[Any] = []
    for scan in rows.reporter.scans.values():
        known = scan.part.table.inspection
        there = known is not None and name in known.facts.column_names
        values += known.facts[name].take(scan.part.rows).to_pylist() if known and there else [None] * len(scan)
    return values


def _of_paths(rows: Rows) -> Iterator[Fact]:
    """Size of the file, and its name without numbers."""
    paths = [path for scan in rows.reporter.scans.values() for path in paths_of(rows, scan.part.table, scan.part.rows)]
    if not any(paths):
        return
    sizes = [float(path.stat().st_size) if path is not None and path.is_file() else None for path in paths]
    yield from _fact("the size of the file in bytes", sizes, seen=True)
    names = [_NUMBER.sub("#", path.stem) if path is not None else None for path in paths]
    yield from _fact("the name of the file (numbers aside)", names, seen=False)
    first = [re.split(r"[_\-. ]", path.stem)[0] if path is not None else None for path in paths]
    yield from _fact("the first part of the file's name", first, seen=False)


def paths_of(rows: Rows, table: Any, numbers: NDArray[np.int64]) -> list[Path | None]:
    """The paths of rows of a table that are files; None of others."""
    input_ = rows.reporter.input
    if not isinstance(input_, FromFiles):
        return [None] * len(numbers)
    columns = [name for name in input_.required_columns if not pa.types.is_binary(table.arrow.schema.field(name).type)]
    found: list[Path | None] = []
    for start in range(0, len(numbers), 2048):
        for row in table.arrow.select(columns).take(pa.array(numbers[start : start + 2048])).to_pylist():
            file = input_.file(row) if len(columns) == len(input_.required_columns) else None
            found.append(file if isinstance(file, Path) else None)
    return found


def _of_columns(rows: Rows) -> Iterator[Fact]:
    """Columns that the network does not read, which may name a source, an author or a device."""
    reporter = rows.reporter
    read = {*reporter.input.required_columns, *reporter.input.audited_columns, reporter.target.column}
    tables = [scan.part.table for scan in reporter.scans.values()]
    for name in tables[0].columns:
        if name in read or not all(name in table.columns for table in tables):
            continue
        if not all(_plain(table.arrow.schema.field(name).type) for table in tables):
            continue
        values = [
            value
            for scan in reporter.scans.values()
            for value in scan.part.table.take(scan.part.rows, [name])[name].to_pylist()
        ]
        yield from _fact(f"column {name!r}", values, seen=False)


def _plain(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
    )


def _fact(name: str, values: list[Any], *, seen: bool) -> Iterator[Fact]:
    """A fact of these values, where they differ and are not a name of each row."""
    known = np.array([value is not None and value == value for value in values], np.bool_)
    there = [value for value, has in zip(values, known, strict=True) if has]
    if not there:
        return
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in there):
        numbers = np.array([float(value) if has else 0.0 for value, has in zip(values, known, strict=True)])
        if len(np.unique(numbers[known])) > 1:
            yield Fact(name, numbers, known, True, seen)
        return
    texts = np.array([str(value) if has else "" for value, has in zip(values, known, strict=True)])
    if 1 < len(np.unique(texts[known])) <= min(MOST_VALUES, len(there) // 4):
        yield Fact(name, texts, known, False, seen)
