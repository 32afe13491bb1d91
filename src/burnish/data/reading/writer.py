"""Rows to one Arrow file, piece by piece, whatever types the pieces turn out to have."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from burnish.core.errors import InputError
from burnish.data.reading.arrow import cast, conflict, unified
from burnish.data.reading.one_type import MOST_KEYS, Why, as_json, fields_of, marked, too_many_keys, tried, why


class Writer:
    """Writes segments of one schema each; a piece with a wider type starts a new one; `finish` makes them one file.

    A column that no one type can hold becomes JSON text; its field remembers the first row that did not fit.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema: pa.Schema | None = None
        self._segments: list[Path] = []
        self._open: Any = None
        self._rows = 0
        self._unlike: dict[str, Why] = {}

    def add(self, columns: Mapping[str, Any], place: str, first_row: int) -> int:
        """Write one piece.

        Args:
            columns: column name to values, all of equal length.
            place: the file they are from; first_row: its row they start at, counted from 0. Both for errors.

        Returns:
            How many rows it had.

        Raises:
            InputError: lists in lists without end.
        """
        arrays = {name: self._array(values, name, place, first_row) for name, values in columns.items()}
        rows = len(next(iter(arrays.values()))) if arrays else 0
        types = self._widened(arrays)
        fitted = {name: self._fitted(arrays.get(name), name, kind, rows, self._rows) for name, kind in types.items()}
        schema = self._named(types)
        if self._open is None or schema != self._schema:
            self._start(schema)
        batch = pa.record_batch([fitted[f.name] for f in schema], schema=schema)
        if rows:
            self._write(batch, place, first_row)
        self._rows += rows
        return rows

    def _write(self, batch: pa.RecordBatch, place: str, first_row: int) -> None:
        try:
            self._open.write_batch(batch)
        except pa.ArrowInvalid as error:
            raise InputError(
                f"values that no table can hold: {error}",
                expected="texts, numbers, and lists in lists 60 times at most",
                fix="leave that column out",
                place=f"{place}, rows {first_row + 1} to {first_row + batch.num_rows}",
            ) from error

    def _array(self, values: Any, name: str, place: str, first_row: int) -> pa.Array:
        if name in self._unlike or _lists_of_objects(values):
            return as_json(values)
        array, error = tried(values, name, place, first_row)
        if error is not None:
            number = error.place.rpartition(", row ")[2]
            row = int(number) - 1 - first_row if number.isdigit() else 0
            self._unlike[name] = why(error, self._rows + row)
        return array

    def _widened(self, arrays: Mapping[str, pa.Array]) -> dict[str, pa.DataType]:
        """The types of all columns so far, wide enough for these values too."""
        types = {f.name: f.type for f in self._schema} if self._schema is not None else {}
        for name, values in arrays.items():
            kind = unified(types.get(name, pa.null()), values.type)
            if kind is not None and pa.types.is_nested(kind) and fields_of(kind) > MOST_KEYS:
                self._unlike.setdefault(name, why(too_many_keys(name), self._rows))
            if kind is None and name not in self._unlike:
                row = next((i for i, v in enumerate(values) if v.is_valid), 0)
                shown = values[row].as_py() if len(values) else None
                self._unlike[name] = why(conflict(name, types[name], values.type, "", shown), self._rows + row)
            types[name] = pa.string() if name in self._unlike else kind
        return types

    def _named(self, types: Mapping[str, pa.DataType]) -> pa.Schema:
        unlike = self._unlike
        return pa.schema([marked(n, unlike[n]) if n in unlike else pa.field(n, kind) for n, kind in types.items()])

    def _start(self, schema: pa.Schema) -> None:
        self._close()
        self._schema = schema
        self._segments.append(self._folder / f"segment-{len(self._segments)}.arrow")
        self._open = pa.ipc.new_file(str(self._segments[-1]), schema)

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def finish(self, path: Path) -> None:
        """One file with the widest types at `path`, safe on disk; the segments are gone."""
        self._close()
        if len(self._segments) == 1:
            self._segments[0].rename(path)
        else:
            while not self._joined(path):
                pass
            for segment in self._segments:
                segment.unlink()
        with path.open("rb") as file:
            os.fsync(file.fileno())

    def _joined(self, path: Path) -> bool:
        """Write all segments as one file; False where a column turned out to have no one type on the way."""
        types = {f.name: pa.string() if f.name in self._unlike else f.type for f in self._schema or ()}
        schema, known, row = self._named(types), len(self._unlike), 0
        with pa.ipc.new_file(str(path), schema) as out:
            for segment in self._segments:
                with pa.memory_map(str(segment)) as source:
                    reader = pa.ipc.open_file(source)
                    for i in range(reader.num_record_batches):
                        batch = reader.get_batch(i)
                        held = dict(zip(batch.schema.names, batch.columns, strict=True))
                        fitted = [self._fitted(held.get(f.name), f.name, f.type, batch.num_rows, row) for f in schema]
                        if len(self._unlike) > known:
                            return False
                        out.write_batch(pa.record_batch(fitted, schema=schema))
                        row += batch.num_rows
        return True

    def abandon(self) -> None:
        """Let go of the open file after an error."""
        with contextlib.suppress(pa.ArrowException, OSError):  # the disk may be full, and the folder goes away
            self._close()

    def _fitted(self, values: pa.Array | None, name: str, kind: pa.DataType, rows: int, row: int) -> pa.Array:
        """Values in the type of their column; where they have none, the column is from now on kept as JSON text."""
        if values is None:
            return pa.nulls(rows, pa.string() if name in self._unlike else kind)
        if name not in self._unlike:
            try:
                return cast(values, kind)
            except pa.ArrowException as error:
                what = f"column {name!r} mixes values that no one type can hold: {error}"
                fix = "write them all in one way, such as all as text in quotes"
                mixed = InputError(what, expected="values of one type in a column", fix=fix)
                self._unlike[name] = why(mixed, row + _first_unfit(values, kind))
        return values if values.type == pa.string() else as_json(values)


def _lists_of_objects(values: Any) -> bool:
    """Whether cells are lists of JSON objects: messages, tools. Arrow would give all of them the keys of each."""
    return isinstance(values, list) and any(
        isinstance(value, list) and any(isinstance(item, dict) for item in value) for value in values
    )


def _first_unfit(values: pa.Array, kind: pa.DataType) -> int:
    for i in range(len(values)):
        try:
            cast(values.slice(i, 1), kind)
        except pa.ArrowException:
            return i
    return 0
