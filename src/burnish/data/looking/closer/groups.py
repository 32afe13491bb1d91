"""Rows of one origin in several splits: a column, or a part of the file's name, that says whose a row is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding
from burnish.data.looking.audit.scan import Reporter
from burnish.data.looking.closer.facts import paths_of
from burnish.data.looking.closer.rows import Rows

FEWEST, SMALLEST = 8, 2.0
"""Different values, and rows of each in the mean, from which on a column is taken for one of groups."""
_NAMES = re.compile(
    r"(^|_)(group|user|author|speaker|patient|subject|person|customer|session|conversation|thread|document|article|source|"
    r"site|device|camera|track|video|recording|client|house|study|case)(_?(id|name|no|number))?$",
    re.IGNORECASE,
)
_TAIL = re.compile(r"[_\-. ]*\d+$")


def looker(named: str | None) -> Callable[[Reporter], Iterator[Finding]]:
    """What finds groups in several splits; `named`: the column that a recipe says they are in."""

    def look(reporter: Reporter) -> Iterator[Finding]:
        rows = Rows.of(reporter)
        if len(rows.names) < 2:
            return
        for what, values, sure in _groups(rows, named):
            yield from _shared(rows, what, values, sure)

    return look


def _groups(rows: Rows, named: str | None) -> Iterator[tuple[str, NDArray[np.str_], bool]]:
    """What groups are told by, the group of each row, '' of none, and whether a recipe or a name says that it is one."""
    reporter = rows.reporter
    tables = [scan.part.table for scan in reporter.scans.values()]
    taken = {*reporter.input.required_columns, reporter.target.column, *reporter.input.group_columns}
    for column in tables[0].columns:
        if column in taken and column != named:
            continue
        if not all(column in table.columns for table in tables) or not (column == named or _NAMES.search(column)):
            continue
        cells = [scan.part.table.take(scan.part.rows, [column])[column] for scan in reporter.scans.values()]
        values = np.array(["" if v is None else str(v) for part in cells for v in part.to_pylist()])
        if column == named or _are_groups(values):
            yield f"column {column!r}", values, True
    paths = [p for scan in reporter.scans.values() for p in paths_of(rows, scan.part.table, scan.part.rows)]
    stems = np.array([_stem(path) for path in paths])
    if _are_groups(stems) and any(path is not None and _TAIL.search(path.stem) for path in paths):
        yield "the beginning of the file's name (the last number aside)", stems, False


def _stem(path: Path | None) -> str:
    """Folder and name of a file without its last number; '' where nothing is left of the name."""
    name = "" if path is None else _TAIL.sub("", path.stem)
    return f"{path.parent.name}/{name}" if path is not None and name else ""


def _are_groups(values: NDArray[np.str_]) -> bool:
    there = values[values != ""]
    different = len(np.unique(there))
    return different >= FEWEST and len(there) >= SMALLEST * different


def _shared(rows: Rows, what: str, values: NDArray[np.str_], sure: bool) -> Iterator[Finding]:
    splits = rows.split_numbers()
    for left, right in combinations(range(len(rows.names)), 2):
        mine, theirs = values[splits == right], values[splits == left]
        inside = np.flatnonzero(np.isin(mine, theirs[theirs != ""]))
        if not len(inside):
            continue
        one, other = rows.names[left], rows.names[right]
        count, there = len(np.unique(mine[inside])), len(np.unique(mine[mine != ""]))
        yield rows.reporter.finding(
            f"{other}_groups_shared_with_{one}",
            "warning" if sure else "note",
            f"{count:,} of {there:,} groups of {other} ({len(inside):,} of {len(mine):,} rows), by {what}, are in {one} as "
            "well: where rows of a group are alike, scores are too good (`group` and `split: grouped` keep them apart)",
            [(other, int(row)) for row in inside[:SHOWN_ROWS]],
            lambda part, row, mine=mine: str(mine[row]),  # type: ignore[misc]
            len(inside),
        )
