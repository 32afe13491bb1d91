"""Paths in several tables: each table's are relative to its own folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from burnish.data.table import Table
from burnish.inputs import FromFiles, Input, endings_of


def folder_of(path: str) -> Path:
    """The folder that paths in a table are relative to; class folders give paths from the working folder."""
    return Path() if Path(path).is_dir() else Path(path).parent


def placed(table: Table, input: Input, root: str | None) -> Table:
    """The table with relative paths of other folders' tables made absolute, where their own folder has the file.

    Args:
        table: rows of one or several files.
        input: which column holds paths.
        root: the folder that all other paths are relative to; None: paths stay as they are.
    """
    column = input.required_columns[0]
    if not endings_of(input) or column not in table.columns or root is None:
        return table
    base = os.path.abspath(root)
    others = [os.path.abspath(folder_of(origin.path)) for origin in table.origins]
    if all(folder == base for folder in others) or not pa.types.is_string(table.arrow[column].type):
        return table
    pieces: list[pa.Array] = []
    start = 0
    for origin, folder in zip(table.origins, others, strict=True):
        values = table.arrow[column].slice(start, origin.rows)
        pieces += values.chunks if folder == base else [_absolute(values.to_pylist(), folder, input)]
        start += origin.rows
    return table.with_column(column, pa.chunked_array(pieces, type=table.arrow[column].type))


def named_no_root(input: Input, table: Table) -> bool:
    """Whether the recipe of a run that was made named no root: one that it named is not the folder of its table.

    Args:
        input: as the run kept it, with a root.
        table: its training rows.
    """
    root, first = getattr(input, "root", None), table.origins
    return bool(root is not None and first and os.path.abspath(folder_of(first[0].path)) == os.path.abspath(root))


def _absolute(values: Sequence[Any], folder: str, input: Input) -> pa.Array:
    here = input.model_copy(update={"root": folder})
    column = input.required_columns[0]

    def one(value: Any) -> Any:
        if not isinstance(value, str) or not value or os.path.isabs(value):
            return value
        file = here.file({column: value}) if isinstance(here, FromFiles) else None
        inside = isinstance(file, Path) and file.is_absolute() and file.is_file()
        return str(file) if inside else value

    return pa.array([one(value) for value in values], pa.string())
