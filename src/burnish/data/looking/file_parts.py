"""Rows that are parts of files: from one second of a recording to another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from burnish.data.table import Table
from burnish.inputs import FromFiles


@dataclass(frozen=True)
class FilePart:
    """The part of a file that a row is.

    Attributes:
        start, end: the cells; None: at the beginning, at the end.
    """

    start: Any = None
    end: Any = None

    @property
    def cells(self) -> str:
        """Equal for equal parts; empty for the whole."""
        there = [cell not in (None, "") for cell in (self.start, self.end)]
        return f"{self.start} to {self.end}" if any(there) else ""

    def outside(self, seconds: float | None) -> str:
        """Why there is nothing of a file of so many seconds in this part, in words; empty where there is something."""
        if seconds is None:
            return ""
        for name, cell in (("start", self.start), ("end", self.end)):
            if math.isnan(seconds_in(cell, 0.0)):
                return f"its {name} is {cell!r:.40}, which is no time in seconds"
        start, end = seconds_in(self.start, 0.0), seconds_in(self.end, seconds)
        if start < 0 or start >= min(end, seconds):
            return f"from {start:g} to {end:g} s there is nothing in a file of {seconds:.2f} s"
        return ""


def with_parts(table: Table, input: FromFiles) -> Table:
    """The table with empty cells where it lacks columns of beginnings and ends: its rows are whole files."""
    missing = [name for name in input.span_columns if name and name not in table.columns]
    arrow = table.arrow
    for name in missing:
        arrow = arrow.append_column(name, pa.nulls(len(table), pa.float64()))
    return replace(table, arrow=arrow) if missing else table


def parts_of_files(table: Table, input: FromFiles) -> list[FilePart]:
    """The part that each row is; none where all are whole files."""
    columns = tuple(name if name in table.columns else None for name in input.span_columns)
    if not any(columns):
        return []
    rows = (row for some in table.rows([name for name in columns if name]) for row in some)
    return [FilePart(*(_cell(row, name) for name in columns)) for row in rows]


def _cell(row: Mapping[str, Any], name: str | None) -> Any:
    return row[name] if name else None


def seconds_in(cell: Any, otherwise: float) -> float:
    """The seconds that a cell says; what is taken otherwise where it is empty; not a number where it says none."""
    if cell is None or cell == "":
        return otherwise
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return math.nan
    try:
        seconds = float(cell)
    except (ValueError, OverflowError):
        return math.nan
    return seconds if math.isfinite(seconds) else math.nan
