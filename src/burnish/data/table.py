"""A table of labelled rows, memory-mapped, that knows where each row came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.data.cells import Cells


@dataclass(frozen=True)
class Origin:
    """One file a table was read from: its path as given, sha256 of its bytes, encoding found, number of rows, and the data
    set it is of, where a run has several."""

    path: str
    sha256: str
    rows: int
    encoding: str = ""
    data_set: str = ""


@dataclass(frozen=True)
class Inspection:
    """What is known of the files that N rows of a table are.

    Attributes:
        contents: [N] a hash of what the network would be given, 0 where it cannot be read or is missing.
        problems: position in the table to what is wrong with the file, in words.
        facts: N rows of what `Input.look` found, null where it cannot be read; absent columns were found in no row.
        assumed: what had to be assumed about paths, in words, to the rows.
        instead: of the first files that are missing where they were looked for and what is there instead.
    """

    contents: NDArray[np.uint64]
    problems: dict[int, str]
    facts: pa.Table
    assumed: dict[str, list[int]] = field(default_factory=dict)
    instead: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """N rows in memory-mapped Arrow.

    Attributes:
        arrow: the rows; text columns are strings, list columns lists, numbers numbers. CSV columns are all strings.
        origins: the files, in row order.
        notes: what was decided while reading, in words (encodings, shards, skipped blank lines ...).
        left_out: what was met in folders and is no row, each with its severity and words.
        inspection: what is known of the files that rows are (images, sounds); None for other rows.
        read_cells: of columns that were asked for; see `cells`.
        made: a hash of how rows were made of those of the files; empty where they were not.
    """

    arrow: pa.Table
    origins: tuple[Origin, ...]
    notes: tuple[str, ...] = field(default=())
    left_out: tuple[tuple[str, str], ...] = field(default=())
    inspection: Inspection | None = field(default=None, compare=False, repr=False)
    read_cells: dict[str, Cells] = field(default_factory=dict, compare=False, repr=False)
    made: str = ""

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(self.arrow.column_names)

    @property
    def fingerprint(self) -> str:
        """A hash of the contents of all files, in order, and of how they were read: equal tables have equal ones."""
        parts = [f"{o.sha256} {o.encoding} {o.rows}" for o in self.origins]
        parts += [str(self.arrow.schema), *([self.made] if self.made else [])]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def group(self) -> str:
        """The column whose equal rows belong together whatever a recipe says; empty where there is none."""
        return ""

    @property
    def data_sets(self) -> tuple[str, ...]:
        """The names of the data sets that its rows are of, in their order; none where they are of one without a name."""
        return tuple(dict.fromkeys(origin.data_set for origin in self.origins if origin.data_set))

    @cached_property
    def data_set_numbers(self) -> NDArray[np.int64]:
        """[N] the place in `data_sets` of the one that each row is of; 0 where there are none."""
        if not self.data_sets:
            return np.zeros(len(self), np.int64)
        numbers = [self.data_sets.index(origin.data_set) for origin in self.origins]
        return np.repeat(np.array(numbers, np.int64), [origin.rows for origin in self.origins])

    def place(self, row: int) -> str:
        """Where a row (counting from 0) came from, for messages: 'reviews.csv, row 17' (rows counted from 1)."""
        for origin in self.origins:
            if row < origin.rows:
                return f"{origin.path}, row {row + 1}"
            row -= origin.rows
        return f"row {row + 1}"

    def values(self, column: str) -> list[Any]:
        """All values of one column. Only for columns that are small (labels, groups), never for texts of big tables."""
        return list(self.arrow[column].to_pylist())

    def cells(self, column: str) -> Cells:
        """The cells of one column, read when they are first asked for; kept where few differ, as those of labels do."""
        if column not in self.read_cells:
            self.read_cells[column] = Cells(self.arrow[column])
        return self.read_cells[column]

    def with_column(self, column: str, values: pa.ChunkedArray, kind: pa.Field | None = None) -> Table:
        """The table with other cells in one of its columns."""
        arrow = self.arrow.set_column(self.arrow.column_names.index(column), kind or column, values)
        kept = {name: cells for name, cells in self.read_cells.items() if name != column}
        return replace(self, arrow=arrow, read_cells=kept)

    def rows(self, columns: Sequence[str], batch: int = 2048) -> Iterator[list[dict[str, Any]]]:
        """The rows in order, some at a time, with these columns only."""
        for piece in self.arrow.select(list(columns)).to_batches(max_chunksize=batch):
            yield piece.to_pylist()

    def take(self, rows: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """These rows in this order, with these columns; reads only the pieces of the table they are in.

        Arrow's own `take` joins all pieces of a column of text first, which copies the whole column each time.
        """
        pieces, starts = self._pieces
        if len(rows) == 0:
            return self.arrow.select(list(columns)).slice(0, 0)
        which = np.searchsorted(starts, rows, side="right") - 1
        together = np.argsort(which, kind="stable")
        taken = []
        for stretch in np.split(together, np.flatnonzero(np.diff(which[together])) + 1):
            piece = int(which[stretch[0]])
            taken.append(pieces[piece].select(list(columns)).take(pa.array(rows[stretch] - starts[piece])))
        table = pa.Table.from_batches(taken)
        return table if np.all(np.diff(which) >= 0) else table.take(pa.array(np.argsort(together)))

    @cached_property
    def _pieces(self) -> tuple[list[pa.RecordBatch], NDArray[np.int64]]:
        """The record batches, and the row each starts at."""
        pieces = self.arrow.to_batches()
        return pieces, np.cumsum([0, *(piece.num_rows for piece in pieces[:-1])])


@dataclass(frozen=True)
class Part:
    """The rows of one split: positions in a table."""

    table: Table
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, column: str) -> Iterator[Any]:
        """The cells of a column, one after another; none where there is no such column."""
        if column in self.table.columns:
            yield from self.table.cells(column).of(self.rows)
