"""Tables whose rows are put together from several columns, in one column that input and target read; kept in the cache.

Where rows may be copies of each other though not equal, another column says which.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from burnish.core.errors import InputError
from burnish.core.source_hash import source_hash
from burnish.data.arrow_pieces import write_pieces
from burnish.data.settings import cache_unwritable
from burnish.data.table import Table
from burnish.inputs import Assembled, Input

PIECE = 1024  # rows assembled and written together

Notify = Callable[[str, int, int], None]


def assembled(table: Table, input: Input, cache: Path, notify: Notify | None = None) -> Table:
    """The table with rows put together in `Assembled.assembled_column`; the same table where the input reads single columns.

    Args:
        table: as it was read.
        input: with the form of its rows.
        cache: folder in which the rows are kept, memory-mapped.
        notify: told how far it is.

    Raises:
        InputError: a row that cannot be put together, at file and row; how many others there are is said.
    """
    if not isinstance(input, Assembled):
        return table
    parts = [table.fingerprint, input.model_dump_json(), source_hash({__name__, *input.encodes_with})]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]
    path = cache / "assembled" / f"{key}.arrow"
    if not path.is_file():
        if len(table) == 0:
            raise InputError("there are no rows", expected="at least one conversation")
        try:
            write_pieces(path, _pieces(table, input, notify))
        except OSError as error:
            raise cache_unwritable(path.parent, error) from error
    made = _opened(path)
    columns = {input.assembled_column: made[input.assembled_column]}
    if input.family_column:
        columns[input.family_column] = _families(path, input, columns[input.assembled_column])
    arrow = table.arrow
    for column, cells in columns.items():
        if column in arrow.column_names:
            arrow = arrow.drop_columns([column])
        arrow = arrow.append_column(column, cells)
    return replace(table, arrow=arrow, read_cells={}, made=key)


def _opened(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


def _families(path: Path, input: Assembled, cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which rows are copies of each other, kept beside the rows."""
    beside, name = path.with_suffix(".families.arrow"), input.family_column
    if not beside.is_file():
        families = pa.array(input.families(cells.to_pylist()), pa.string())
        try:
            write_pieces(beside, iter([pa.record_batch({name: families})]))
        except OSError as error:
            raise cache_unwritable(path.parent, error) from error
    return _opened(beside)[name]


def _pieces(table: Table, input: Input, notify: Notify | None) -> Iterator[pa.RecordBatch]:
    assert isinstance(input, Assembled)
    row, wrong, first = 0, 0, None
    for rows in table.rows(table.columns, batch=PIECE):
        cells = []
        for example in rows:
            try:
                cells.append(input.assembled(example, table.place(row)))
            except InputError as error:
                wrong, first = wrong + 1, first or error
            row += 1
        if notify:
            notify("reading conversations", row, len(table))
        if first is None:
            yield pa.record_batch({input.assembled_column: pa.array(cells, pa.string())})
    if first is not None:
        others = f" ({wrong - 1:,} other rows cannot be read either)" if wrong > 1 else ""
        raise InputError(first.found + others, expected=first.expected, fix=first.fix, place=first.place)
