"""Rows that are files: those that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding, RowAt
from burnish.data.looking.audit.scan import Reporter
from burnish.data.table import Table
from burnish.media.paths import WORKING_FOLDER


def broken(reporter: Reporter) -> Iterator[Finding]:
    """Files that cannot be read: a refusal where their rows are in a split, a warning where they were left out."""
    for name, scan in reporter.scans.items():
        known = scan.part.table.inspection
        if known is None or not known.problems:
            continue
        broken = np.flatnonzero(np.isin(scan.part.rows, list(known.problems)))
        if len(broken):
            yield reporter.finding(
                "broken_files",
                "refusal",
                f"{len(broken)} of {len(scan)} {name} files cannot be read; "
                f"`input: {{kind: {reporter.input.kind()}, broken: skip}}` goes on without these rows",
                [(name, int(i)) for i in broken],
                lambda part, i: reporter.problem(part, i),
            )
    yield from _left_out(reporter)
    yield from _assumed(reporter)
    yield from _not_read(reporter)


def _not_read(reporter: Reporter) -> Iterator[Finding]:
    """Files beside the rows that are not read, and folders that become no class."""
    tables = {id(scan.part.table): scan.part.table for scan in reporter.scans.values()}
    for table in tables.values():
        for severity, words in table.left_out:
            yield Finding("files_not_read", "warning" if severity == "warning" else "note", words)


def _lost_labels(table: Table, column: str, gone: Sequence[int], used: NDArray[np.int64]) -> list[str]:
    """Labels of rows that are left out which no row that is used has."""
    if column not in table.columns or not pa.types.is_string(table.arrow[column].type):
        return []
    labels = table.arrow[column]
    left = set(labels.take(pa.array(used)).unique().to_pylist())
    return sorted(set(labels.take(pa.array(gone, pa.int64())).unique().to_pylist()) - left - {None})


def _assumed(reporter: Reporter) -> Iterator[Finding]:
    """Paths that lead to a file only when they are read in another way than they are written."""
    for name, scan in reporter.scans.items():
        known = scan.part.table.inspection
        for how, those in (known.assumed if known is not None else {}).items():
            rows = np.flatnonzero(np.isin(scan.part.rows, those))
            if len(rows):
                yield reporter.finding(
                    "paths_read_otherwise",
                    "warning" if how == WORKING_FOLDER else "note",
                    f"{len(rows)} of {len(scan)} {name} paths {how}",
                    [(name, int(i)) for i in rows],
                )


def _left_out(reporter: Reporter) -> Iterator[Finding]:
    tables = {id(s.part.table): (name, s.part.table) for name, s in reversed(list(reporter.scans.items()))}
    for name, table in tables.values():
        if table.inspection is None:
            continue
        rows_used = np.concatenate([s.part.rows for s in reporter.scans.values() if s.part.table is table])
        used = set(rows_used.tolist())
        gone = [row for row in table.inspection.problems if row not in used]
        if gone:
            problems = table.inspection.problems
            rows = [
                RowAt(
                    name,
                    row,
                    reporter.named(table, row),
                    f"{problems[row]} {table.inspection.instead.get(row, '')}".strip(),
                )
                for row in gone[:SHOWN_ROWS]
            ]
            given = f"of the {name} data " if len(tables) > 1 else ""
            message = f"{len(gone)} of {len(table)} files {given}cannot be read, and their rows are left out"
            if lost := _lost_labels(table, reporter.target.column, gone, rows_used):
                message += f": with them the whole of {', '.join(lost[:10])}"
            yield Finding("skipped_files", "warning", message, tuple(rows), len(gone))
