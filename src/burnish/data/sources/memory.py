"""Data that is already in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.data.reading.dataset_pieces import dataset_pieces, is_dataset
from burnish.data.sources import PIECE_ROWS, Notify, Rows, Source, columns_of

_EXPECTED = "a list of dicts, a dict of lists, a pandas.DataFrame, a datasets.Dataset or a pyarrow.Table"


def _library(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


class Memory(Source):
    """Data in memory: a list of dicts, a dict of lists, a pandas.DataFrame, a datasets.Dataset or a pyarrow.Table."""

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces.

        Raises:
            InputError: not one of the kinds of data, no rows as dicts, or column names that are not strings.
        """
        library = _library(where)
        if is_dataset(where):  # first, because a dictionary of splits is a mapping as well
            yield from dataset_pieces(where, "the data set in memory")
        elif isinstance(where, (list, tuple)):
            yield from _dicts(where)
        elif isinstance(where, Mapping):
            yield from _columns(where)
        elif library == "pandas" and hasattr(where, "iloc") and hasattr(where, "columns"):
            yield from _frame(where)
        elif library == "pyarrow" and hasattr(where, "to_batches"):
            from burnish.data.reading.arrow import table_pieces

            yield from table_pieces(where)
        else:
            raise InputError(f"found a {type(where).__module__}.{type(where).__qualname__}", expected=_EXPECTED)

    def digest(self, where: Any, cache: Path | None = None, notify: Notify | None = None) -> str:
        """A sha256 of the rows as Arrow."""
        from burnish.data.reading.digest import pieces_digest

        return pieces_digest(self.read(where))


def _dicts(rows: Any) -> Iterator[Rows]:
    if not rows:
        raise InputError("the list of rows is empty", expected=_EXPECTED)
    for start in range(0, len(rows), PIECE_ROWS):
        piece = list(rows[start : start + PIECE_ROWS])
        for i, row in enumerate(piece):
            if not isinstance(row, Mapping) or not all(isinstance(key, str) for key in row):
                raise InputError(
                    f"found {row!r}"[:200], expected="a dict with column names", place=f"row {start + i + 1}"
                )
        yield Rows(columns_of(piece))


def _columns(columns: Mapping[Any, Any]) -> Iterator[Rows]:
    if wrong := [name for name in columns if not isinstance(name, str)]:
        raise InputError(f"column names {wrong} are not strings", expected=_EXPECTED)
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"the columns differ in length: {lengths}", expected=_EXPECTED)
    for start in range(0, max(1, *lengths.values()) if lengths else 1, PIECE_ROWS):
        yield Rows({name: list(values[start : start + PIECE_ROWS]) for name, values in columns.items()})


def _frame(frame: Any) -> Iterator[Rows]:
    """A DataFrame, column by column and piece by piece; NaN, NaT, None and NA are missing."""
    import pyarrow as pa

    names = list(frame.columns)
    if wrong := [name for name in names if not isinstance(name, str)]:
        raise InputError(f"column names {wrong} are not strings", fix="rename them", place="the DataFrame")
    if len(set(names)) < len(names):
        raise InputError("two columns of the DataFrame have the same name", fix="rename one", place="the DataFrame")
    for start in range(0, max(1, len(frame)), PIECE_ROWS):
        piece = frame.iloc[start : start + PIECE_ROWS]
        columns: dict[str, Any] = {}
        for name in names:
            try:
                columns[name] = pa.Array.from_pandas(piece[name])
            except (pa.ArrowException, TypeError):
                missing = piece[name].isna()
                columns[name] = [None if gone is True else v for v, gone in zip(piece[name], missing, strict=True)]
        yield Rows(columns)
