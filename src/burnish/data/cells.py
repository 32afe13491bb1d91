"""The cells of one column, read once: each that differs is kept once, as long as they are few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

PIECE = 4096
MOST = 65_536  # different cells that are kept
MOST_CHARACTERS = 4_000_000  # of all of them as they are printed: long lists of tags nearly all differ

T = TypeVar("T")


class Cells:
    """N cells of a column, in order.

    Labels repeat: a column of a million holds a few, which are kept with four bytes a row. Where there are too many to be
    kept, or too long ones (scores, tags), cells are read from the table again whenever they are asked for, some at a time.

    Attributes:
        distinct: the cells that differ, in order of first appearance; None where they are not kept.
        numbers: int32 [N], which of them each row holds; None where they are not kept.
    """

    distinct: list[Any] | None = None
    numbers: NDArray[np.int32] | None = None

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._pieces = column.chunks
        self._starts = np.cumsum([0, *map(len, self._pieces)])
        numbers, places, distinct = np.zeros(len(column), np.int32), dict[Any, int](), list[Any]()
        row = characters = 0
        for cells in self._read():
            for cell in cells:
                key = cell if isinstance(cell, str) else (type(cell), repr(cell))
                place = places.get(key)
                if place is None:
                    place = places[key] = len(distinct)
                    distinct.append(cell)
                    characters += len(key if isinstance(key, str) else key[1])
                    if place >= MOST or characters > MOST_CHARACTERS:
                        return
                numbers[row] = place
                row += 1
        self.distinct, self.numbers = distinct, numbers

    def __len__(self) -> int:
        return int(self._starts[-1])

    def at(self, rows: NDArray[np.int64]) -> list[Any]:
        """The cells of these rows, in their order."""
        if self.distinct is not None and self.numbers is not None:
            return [self.distinct[number] for number in self.numbers[rows].tolist()]
        which = np.searchsorted(self._starts, rows, side="right") - 1
        values: list[Any] = [None] * len(rows)
        for piece in np.unique(which).tolist():
            places = np.flatnonzero(which == piece)
            taken = self._pieces[piece].take(pa.array(rows[places] - self._starts[piece])).to_pylist()
            for place, cell in zip(places.tolist(), taken, strict=True):
                values[place] = cell
        return values

    def of(self, rows: NDArray[np.int64]) -> Iterator[Any]:
        """The cells of these rows one after another; few are in memory at a time."""
        for start in range(0, len(rows), PIECE):
            yield from self.at(rows[start : start + PIECE])

    def mapped(self, rows: NDArray[np.int64], function: Callable[[Any], T]) -> Iterator[T]:
        """What a function makes of the cell of each of these rows; called once for cells that are kept."""
        if self.distinct is None or self.numbers is None:
            yield from map(function, self.of(rows))
            return
        made: dict[int, T] = {}
        for number in self.numbers[rows].tolist():
            if number not in made:
                made[number] = function(self.distinct[number])
            yield made[number]

    def _read(self) -> Iterator[list[Any]]:
        for piece in self._pieces:
            for start in range(0, len(piece), PIECE):
                yield piece.slice(start, PIECE).to_pylist()
