"""Rows that are to be answered, in memory-mapped Arrow: from whatever `burnish train` reads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from burnish.data.parts import require_columns
from burnish.data.reading.tables import read
from burnish.data.table import Table
from burnish.stages.given_columns import GivenColumns
from burnish.stages.predict.rows import InputRows, Window, Windows, cuts


@dataclass(frozen=True)
class ArrowWindow(Window):
    """Rows of one record batch; their types are kept."""

    batch: pa.RecordBatch
    keeper: ClassVar[str] = "rows_arrow"

    def rows(self) -> list[dict[str, Any]]:
        """As Python values."""
        return list(self.batch.to_pylist())

    def packed(self) -> bytes:
        """An Arrow stream."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.batch.schema) as writer:
            writer.write_batch(self.batch)
        return bytes(sink.getvalue())


def unpacked(data: bytes) -> ArrowWindow:
    """What `ArrowWindow.packed` gave."""
    with pa.ipc.open_stream(data) as reader:
        return ArrowWindow(reader.read_next_batch())


class ArrowRows(InputRows):
    """A table."""

    def __init__(self, data: Any, given: GivenColumns) -> None:
        self._table: Table = read(data)
        given.require(self._table.columns, place=self._table.origins[0].path if self._table.origins else "")
        require_columns(self._table, given.names)
        self.columns, self.notes, self.fingerprint = self._table.columns, self._table.notes, self._table.fingerprint

    def __len__(self) -> int:
        return len(self._table)

    def windows(self, rows: int) -> ArrowWindows:
        """A window never crosses the pieces the table was read in, which are bounded in bytes."""
        return ArrowWindows(self._table, rows)

    @property
    def schema(self) -> pa.Schema:
        """With the types of the columns."""
        return self._table.arrow.schema


class ArrowWindows(Windows):
    """A table, cut."""

    def __init__(self, table: Table, rows: int) -> None:
        self._batches = table.arrow.to_batches()
        places = [
            (number, start, end)
            for number, batch in enumerate(self._batches)
            for start, end in pairwise(cuts(_ends(batch), rows))
        ]
        self._places = np.array(places, np.int64).reshape(-1, 3)

    def __len__(self) -> int:
        return len(self._places)

    def window(self, number: int) -> ArrowWindow:
        """A slice, without a copy."""
        batch, start, end = self._places[number].tolist()
        return ArrowWindow(self._batches[batch].slice(start, end - start))


def _ends(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """int64 [N + 1]: where each row ends, counted in bytes of its texts and files; numbers are nothing beside them."""
    sizes = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        kind = column.type
        if kind in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()):
            sizes += _sizes(column)
        elif batch.num_rows:
            sizes += column.nbytes // batch.num_rows  # lists and the like: as if all were as long
    return np.concatenate([[0], np.cumsum(sizes)])


def _sizes(column: pa.Array) -> NDArray[np.int64]:
    return np.asarray(pc.fill_null(pc.binary_length(column), 0), np.int64)
