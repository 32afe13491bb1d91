"""Columns that splits are made by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from burnish.core.errors import InputError, unknown
from burnish.data.table import Table

_PIECE = 65_536


def cells(table: Table, column: str, setting: str) -> Iterator[Any]:
    """The values of one column, some read at a time; blank text is missing (None).

    Raises:
        InputError: no such column (nearest offered).
    """
    if not column:
        raise InputError("no column is named", expected="one of " + ", ".join(table.columns), place=setting)
    if column not in table.columns:
        raise unknown("column", column, table.columns, place=setting)
    for piece in table.arrow[column].chunks:
        for start in range(0, len(piece), _PIECE):
            for value in piece.slice(start, _PIECE).to_pylist():
                yield None if isinstance(value, str) and not value.strip() else value
