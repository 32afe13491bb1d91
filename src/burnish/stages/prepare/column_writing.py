"""How the column of truths is written, by many of its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from burnish.core.batch import Example
from burnish.core.word_counts import words_beside
from burnish.data.table import Table
from burnish.targets import Recognised, Target

_FLAGS = {"0", "1", "0.0", "1.0", "true", "false"}
_LOOKED_AT = 100_000  # cells; of larger tables so many, drawn evenly, so that memory does not grow


def recognised(
    candidates: Sequence[Target], columns: Sequence[str], sample: Sequence[Example], values: Sequence[Any]
) -> tuple[Target, str] | None:
    """Which of the targets a column looks like, and why where its cells alone do not say it; None where it is none."""
    known = [target for target in candidates if isinstance(target, Recognised)]
    for target in sorted(known, key=lambda t: t.recognition_order):
        if target.recognises(values):
            return target, ""
        beside = words_beside(sample, columns, target.column) if target.shape == "element" else []
        if beside:
            return target, f", because each list is as long as the words of {beside[0]!r}"
    return None


def flags_hint(sample: Sequence[Example], columns: Sequence[str]) -> str:
    """What to do about several columns of zeros and ones, one for each label; empty where there are not several."""
    flags = [c for c in columns if sample and {str(row.get(c)).lower() for row in sample} <= _FLAGS]
    if len(flags) < 2:
        return ""
    named = ", ".join(map(repr, flags[:6])) + (" ..." if len(flags) > 6 else "")
    return (
        f"; the columns {named} hold 0 and 1 only: for several labels a row, write one column with lists of their names"
    )


def as_written(target: Target, table: Table, say: Callable[[str], None], *, inferred: bool) -> Target:
    """The target as its column is written; what was found is said.

    Raises:
        InputError: a way of writing that would be taken for names.
    """
    settled, said = target.settled(column_cells(table, target.column), inferred=inferred)
    for line in said:
        say(f"target: {line}")
    return settled


def column_cells(table: Table, column: str) -> list[Any]:
    """The cells of a column, or of a large table many of them, drawn evenly."""
    if len(table) <= _LOOKED_AT:
        return table.cells(column).at(np.arange(len(table)))
    rows = np.linspace(0, len(table) - 1, _LOOKED_AT).astype(np.int64)
    return table.cells(column).at(rows)
