"""Encoded rows of a split, read from a memory-mapped file as they are needed."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.batch import Array, Encoded
from burnish.core.windows import KEPT
from burnish.data.table import Part

PIECE = 2048  # rows in one record batch; every batch but the last has exactly this many, so row i is found by division
GIVEN = "_given."
"""What names of `Taught.given` begin with in the file."""


@dataclass(frozen=True)
class _Column:
    """One encoded name over all rows: values of each piece, and offsets into them where rows differ in length."""

    pieces: list[tuple[Array | None, Array]]

    def __getitem__(self, row: int) -> Array:
        offsets, values = self.pieces[row // PIECE]
        place = row % PIECE
        return values[place] if offsets is None else values[offsets[place] : offsets[place + 1]]

    def count(self, value: int) -> NDArray[np.int64]:
        """[N] how many of the values of each row are this one."""
        counts = [np.zeros(0, np.int64)]
        for offsets, values in self.pieces:
            before = np.concatenate([[0], np.cumsum(values == value)])
            counts.append(before[1:] - before[:-1] if offsets is None else before[offsets[1:]] - before[offsets[:-1]])
        return np.concatenate(counts)


@dataclass(frozen=True)
class _Repeated:
    """A column some of whose rows are there several times."""

    column: _Column | _Repeated
    source: NDArray[np.int64]

    def __getitem__(self, row: int) -> Array:
        return self.column[int(self.source[row])]

    def count(self, value: int) -> NDArray[np.int64]:
        return self.column.count(value)[self.source]


class EncodedRows:
    """N encoded rows of one split, read from disk as they are needed.

    Attributes:
        part: the rows as people wrote them.
        rows: int64 [N], row numbers in the table they came from.
        lengths: int64 [N], elements after truncation.
        full_lengths: int64 [N], elements before truncation.
        weights: float32 [N], summed target weight; 0 where there is nothing to learn or to score.
        gives: whether the network is shown something of the truth while it learns (`Taught.given`).
        given_lengths, given_full_lengths: as `lengths` and `full_lengths`, with what is shown.
        kept_lengths: int64 [N], different elements that the network reads: those that two windows show are counted once.
        hit: whether they were found in the cache.
        note: what was wrong with the file that the cache held, and that they were encoded anew; else empty.
        path: the Arrow file.
    """

    def __init__(
        self, path: Path, part: Part, hit: bool, note: str = "", table: pa.Table | None = None
    ) -> None:  # `table`: what the file would hold, where there is none
        self.path, self.hit, self.note, self.part, self.rows = path, hit, note, part, part.rows
        table = _opened(path, len(part)) if table is None else table
        self._columns: dict[str, _Column | _Repeated] = {name: _column(table[name]) for name in table.column_names}
        self.lengths = table["_length"].to_numpy().astype(np.int64)
        self.full_lengths = table["_full_length"].to_numpy().astype(np.int64)
        self.weights = table["_weight"].to_numpy()
        names = [n for n in table.column_names if n not in ("_target", "_target_weight", "_weight")]
        self._names = [n for n in names if not n.startswith(GIVEN)]
        self._given = [n for n in names if n.startswith(GIVEN)]
        self.gives = bool(self._given)
        self._silent: frozenset[int] = frozenset()
        self.given_lengths = self._lengths_with("_length", table, self.lengths)
        self.given_full_lengths = self._lengths_with("_full_length", table, self.full_lengths)
        self.kept_lengths = table[KEPT].to_numpy().astype(np.int64) if KEPT in names else self.given_lengths

    def _lengths_with(self, name: str, table: pa.Table, without: NDArray[np.int64]) -> NDArray[np.int64]:
        column = GIVEN + name
        return table[column].to_numpy().astype(np.int64) if column in self._given else without

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def names(self) -> tuple[str, ...]:
        """What `Input.encode` gave of each row."""
        return tuple(self._names)

    def with_lengths(self, lengths: NDArray[np.int64]) -> EncodedRows:
        """The same rows, to be batched as if they had these lengths [N]."""
        other = copy(self)
        other.lengths = other.given_lengths = lengths
        return other

    def with_repeats(self, positions: NDArray[np.int64]) -> EncodedRows:
        """The same rows, and behind them the rows at these positions once more, under positions of their own."""
        if not len(positions):
            return self
        other, source = copy(self), np.concatenate([np.arange(len(self)), positions])
        other._columns = {name: _Repeated(column, source) for name, column in self._columns.items()}
        for name in (
            "rows",
            "lengths",
            "full_lengths",
            "weights",
            "given_lengths",
            "given_full_lengths",
            "kept_lengths",
        ):
            setattr(other, name, getattr(self, name)[source])
        return other

    def without(self, positions: NDArray[np.int64]) -> EncodedRows:
        """The same rows; of those at these positions nothing is learned."""
        if not len(positions):
            return self
        other = copy(self)
        other.weights = self.weights.copy()
        other.weights[positions] = 0
        other._silent = self._silent | {int(position) for position in positions}
        return other

    def encoded(self, position: int) -> Encoded:
        """One row, as `Input.encode` gave it."""
        return {name: self._columns[name][position] for name in self._names}

    def given(self, position: int) -> Encoded:
        """What of the truth the network is shown of one row, as `Taught.given` gave it."""
        return {name.removeprefix(GIVEN): self._columns[name][position] for name in self._given}

    def count(self, name: str, value: int) -> NDArray[np.int64]:
        """int64 [N]: how often a value is in what the network reads of each row under a name."""
        return self._columns[name].count(value)

    def target(self, position: int) -> tuple[Array, Array]:
        """Truth and weight of one row, as `Target.encode` gave them."""
        truth, weight = (np.asarray(self._columns[name][position]) for name in ("_target", "_target_weight"))
        return truth, np.zeros_like(weight) if position in self._silent else weight


def _opened(path: Path, rows: int) -> pa.Table:
    """The table in a cache file, memory-mapped.

    Raises:
        ValueError: damaged, or not `rows` rows in pieces of `PIECE`.
        OSError: cannot be read.
    """
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
    table.validate()
    missing = {"_length", "_full_length", "_target", "_target_weight", "_weight"} - set(table.column_names)
    if missing:
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    if table.num_rows != rows:
        raise ValueError(f"it holds {table.num_rows:,} rows and not {rows:,}")
    if [len(chunk) for chunk in table["_length"].chunks] != [min(PIECE, rows - at) for at in range(0, rows, PIECE)]:
        raise ValueError(f"its pieces are not of {PIECE} rows")
    return table


def _column(chunks: pa.ChunkedArray) -> _Column:
    pieces: list[tuple[Array | None, Array]] = []
    for chunk in chunks.chunks:
        if pa.types.is_list(chunk.type):
            pieces.append((chunk.offsets.to_numpy(), chunk.values.to_numpy(zero_copy_only=True)))
        else:
            pieces.append((None, chunk.to_numpy(zero_copy_only=True)))
    return _Column(pieces)
