"""Columns and cells: empty texts, columns that always say the same, empty splits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from burnish.data.looking.audit.report import Finding, Severity
from burnish.data.looking.audit.scan import Reporter
from burnish.data.table import Part, Table
from burnish.inputs import Input
from burnish.targets import Target


def missing_columns(parts: dict[str, Part], input: Input, target: Target) -> Iterator[Finding]:
    """A column that the run reads and a table does not have."""
    for name, part in parts.items():
        gone = [c for c in (*input.required_columns, target.column) if c not in part.table.columns]
        if gone:
            listed = ", ".join(map(repr, gone))
            there = ", ".join(part.table.columns)
            yield Finding("missing_columns", "refusal", f"{name} has no column {listed}; it has {there}", (), len(part))


def cells(reporter: Reporter) -> Iterator[Finding]:
    """Empty splits, and rows without content."""
    for name, scan in reporter.scans.items():
        if not len(scan):
            yield Finding("empty_split", "refusal", f"the {name} split has no examples")
            continue
        blank = np.flatnonzero(scan.blank)
        if len(blank):
            columns = " or ".join(map(repr, reporter.input.required_columns))
            # Of a pair one text may say something: only where every row says the same there is nothing to learn from.
            same = len(reporter.input.required_columns) == 1 or len(np.unique(scan.contents)) == 1
            nothing = len(blank) == len(scan) > 1 and same
            yield reporter.finding(
                "no_texts" if nothing else "empty_texts",
                "refusal" if nothing else "warning",
                f"{len(blank)} of {len(scan)} {name} examples have nothing in {columns}",
                [(name, int(i)) for i in blank],
            )


def constant_columns(reporter: Reporter) -> Iterator[Finding]:
    """Columns that hold one value only: a warning where the run reads them, else a note."""
    read = {*reporter.input.required_columns, reporter.target.column}
    seen: set[int] = set()
    for name, scan in reporter.scans.items():
        table = scan.part.table
        if id(table) in seen or len(table) < 2:
            continue
        seen.add(id(table))
        for column in table.columns:
            same, value = _constant(table, column)
            if same:
                what = "nothing" if value is None else f"{value!r:.60} in every row"
                severity: Severity = "warning" if column in read else "note"
                message = f"column {column!r} of the {name} table holds {what}"
                yield Finding("constant_columns", severity, message, (), len(table))


def _constant(table: Table, column: str) -> tuple[bool, Any]:
    """Whether all values are equal, and the first; stops at the first row that differs."""
    first: Any = None
    for number, rows in enumerate(table.rows([column])):
        first = rows[0][column] if number == 0 else first
        if any(row[column] != first for row in rows):
            return False, first
    return True, first
