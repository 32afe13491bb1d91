"""Whose the rows are: one speaker for all splits, or the same in several."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from burnish.data.dealing.columns import group_keys
from burnish.data.looking.audit.report import SHOWN_ROWS, Finding
from burnish.data.looking.audit.scan import Reporter


def findings(reporter: Reporter) -> Iterator[Finding]:
    """Speakers that test or validation share with training: their scores say nothing of other voices."""
    column = group_column(reporter)
    if column is None:
        return
    keys = {name: _keys(reporter, name, column) for name in reporter.scans}
    known = np.unique(np.concatenate(list(keys.values())))
    known = known[known != 0]
    if len(known) == 1 and len(keys) > 1:
        message = f"every row is of one {column}: scores say nothing of other voices"
        yield Finding("one_speaker", "warning", message, (), sum(map(len, keys.values())))
        return
    for (left, one), (right, other) in combinations(keys.items(), 2):
        shared = np.isin(other, one[one != 0])
        voices, there = len(np.unique(other[shared])), len(np.unique(other[other != 0]))
        if not voices:
            continue
        rows = np.flatnonzero(shared)
        yield reporter.finding(
            f"{right}_speakers_in_{left}",
            "warning",
            f"{voices} of {there} {column}s of {right} are in {left} as well ({len(rows)} of {len(other)} rows): scores are of "
            "known voices",
            [(right, int(i)) for i in rows[:SHOWN_ROWS]],
            lambda part, i: f"{column} {_cell(reporter, part, i, column)!r}",
            len(rows),
        )


def group_column(reporter: Reporter) -> str | None:
    """The first column of the input's group columns that every split has; None where there is none."""
    for column in reporter.input.group_columns:
        if all(column in scan.part.table.columns for scan in reporter.scans.values()):
            return column
    return None


def _keys(reporter: Reporter, name: str, column: str) -> Any:
    part = reporter.scans[name].part
    return group_keys(part.table, column)[part.rows]


def _cell(reporter: Reporter, part: str, position: int, column: str) -> Any:
    rows = reporter.scans[part].part
    return rows.table.arrow[column][int(rows.rows[position])].as_py()


def figures(reporter: Reporter) -> dict[str, Any]:
    """How many speakers each split has."""
    column = group_column(reporter)
    if column is None:
        return {}
    counts = {}
    for name in reporter.scans:
        keys = _keys(reporter, name, column)
        counts[name] = len(np.unique(keys[keys != 0]))
    return {"speakers": {"column": column, "different": counts}}
