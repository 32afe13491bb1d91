"""How the column of labels is written, by many of its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Example
from burnish.core.errors import InputError
from burnish.core.names import as_number
from burnish.core.word_counts import words_beside
from burnish.data.table import Table
from burnish.data.truths import missing
from burnish.targets import Recognised, Target, Transcribed

_FLAGS = {"0", "1", "0.0", "1.0", "true", "false"}
_KINDS = {bool: "true or false", list: "a list", dict: "an object"}
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
    if not inferred and isinstance(target, Transcribed):
        _require_texts(target.column, table)
    settled, said = target.settled(column_cells(table, target.column), inferred=inferred)
    for line in said:
        say(f"target: {line}")
    return settled


def _require_texts(column: str, table: Table) -> None:
    """Refuse a column of numbers, lists or objects as what was said, before a model is opened.

    The audit says it of cells that are no texts; a table of CSV has its numbers as texts.
    """
    looked_at = _looked_at(table)
    cells = table.cells(column).at(looked_at)
    there = [place for place, cell in enumerate(cells) if not missing(cell)]
    wrong = [place for place in there if not isinstance(cells[place], str) or as_number(cells[place]) is not None]
    if 2 * len(wrong) > len(there):
        first = cells[wrong[0]]
        raise InputError(
            f"{column!r} is no column of texts: {len(wrong)} of {len(there)} cells are none, the first is "
            f"{_KINDS.get(type(first), 'a number')} ({first!r:.60})",
            expected="what was said, in words",
            fix="name the column of transcripts: target.column; digits that were said are words ('one seven'); numbers and "
            "classes are learned from sounds by input=audio",
            place=table.place(int(looked_at[wrong[0]])),
        )


def column_cells(table: Table, column: str) -> list[Any]:
    """The cells of a column, or of a large table many of them, drawn evenly."""
    return table.cells(column).at(_looked_at(table))


def _looked_at(table: Table) -> NDArray[np.int64]:
    """The rows whose cells are looked at."""
    return np.linspace(0, len(table) - 1, min(len(table), _LOOKED_AT)).astype(np.int64)
