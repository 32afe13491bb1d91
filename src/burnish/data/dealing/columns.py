"""Columns that splits are made by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def group_keys(table: Table, column: str) -> NDArray[np.uint64]:
    """[N] a hash of the group of each row that no content has by design; 0 where it has none.

    Raises:
        InputError: no such column (nearest offered).
    """
    out = np.zeros(len(table), np.uint64)
    for i, value in enumerate(cells(table, column, "split.group")):
        if value is not None:
            out[i] = _key(value)
    return out


def _key(value: Any) -> int:
    text = value.strip() if isinstance(value, str) else repr(value)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, person=b"group").digest()
    return int.from_bytes(digest, "big") or 1
