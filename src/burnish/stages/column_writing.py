"""How the column of truths is written, by many of its cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from burnish.data.table import Table
from burnish.targets import Target

_LOOKED_AT = 100_000  # cells; of larger tables so many, drawn evenly, so that memory does not grow


def as_written(target: Target, table: Table, say: Callable[[str], None], *, inferred: bool) -> Target:
    """The target as its column is written; what was found is said.

    Raises:
        InputError: a way of writing that would be taken for names.
    """
    found, said = target.settled(column_cells(table, target.column), inferred=inferred)
    for line in said:
        say(f"target: {line}")
    return found


def column_cells(table: Table, column: str) -> list[Any]:
    """The cells of a column, or of a large table many of them, drawn evenly."""
    if len(table) <= _LOOKED_AT:
        return table.values(column)
    rows = np.linspace(0, len(table) - 1, _LOOKED_AT).astype(np.int64)
    found: list[Any] = table.take(rows, [column])[column].to_pylist()
    return found
