"""Rows to one Arrow file, piece by piece, whatever types the pieces turn out to have."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from burnish.core.errors import InputError
from burnish.data.arrow import array, cast, conflict, unified


class Writer:
    """Writes segments of one schema each; a piece with a wider type starts a new one; `finish` makes them one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema: pa.Schema | None = None
        self._segments: list[Path] = []
        self._open: Any = None

    def add(self, columns: Mapping[str, Any], place: str, first_row: int) -> int:
        """Write one piece.

        Args:
            columns: column name to values, all of equal length.
            place: the file they are from; first_row: its row they start at, counted from 0. Both for errors.

        Returns:
            How many rows it had.

        Raises:
            InputError: a column's type does not go with what it held before.
        """
        arrays = {name: array(values, name, place, first_row) for name, values in columns.items()}
        rows = len(next(iter(arrays.values()))) if arrays else 0
        schema = self._widened(arrays, place, first_row)
        if self._open is None or schema != self._schema:
            self._start(schema)
        batch = pa.record_batch([_fitted(arrays.get(f.name), f, rows, place, first_row) for f in schema], schema=schema)
        if rows:
            self._open.write_batch(batch)
        return rows

    def _widened(self, arrays: Mapping[str, pa.Array], place: str, first_row: int) -> pa.Schema:
        fields = {f.name: f.type for f in self._schema} if self._schema is not None else {}
        for name, values in arrays.items():
            kind = unified(fields.get(name, pa.null()), values.type)
            if kind is None:
                row = next((i for i, v in enumerate(values) if v.is_valid), 0)
                where = f"{place}, row {first_row + row + 1}"
                raise conflict(name, fields[name], values.type, where, values[row].as_py() if len(values) else None)
            fields[name] = kind
        return pa.schema(list(fields.items()))

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
            with pa.ipc.new_file(str(path), self._schema) as out:
                for segment in self._segments:
                    self._copy(segment, out)
                    segment.unlink()
        with path.open("rb") as file:
            os.fsync(file.fileno())

    def _copy(self, segment: Path, out: Any) -> None:
        with pa.memory_map(str(segment)) as source:
            reader = pa.ipc.open_file(source)
            for i in range(reader.num_record_batches):
                batch = reader.get_batch(i)
                held = dict(zip(batch.schema.names, batch.columns, strict=True))
                fitted = [_fitted(held.get(f.name), f, batch.num_rows, str(segment), 0) for f in self._schema or ()]
                out.write_batch(pa.record_batch(fitted, schema=self._schema))

    def abandon(self) -> None:
        """Let go of the open file after an error."""
        with contextlib.suppress(pa.ArrowException, OSError):  # the disk may be full, and the folder goes away
            self._close()


def _fitted(values: pa.Array | None, field: Any, rows: int, place: str, first_row: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, field.type)
    try:
        return cast(values, field.type)
    except pa.ArrowException as error:
        raise InputError(
            f"column {field.name!r} mixes values that no one type can hold: {error}",
            place=f"{place}, rows {first_row + 1} to {first_row + rows}",
        ) from error
