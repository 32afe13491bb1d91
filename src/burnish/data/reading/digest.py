"""Hashes of rows that have no file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pyarrow as pa

from burnish.data.reading.one_type import tried
from burnish.data.sources import PIECE_ROWS, Rows


def pieces_digest(pieces: Iterable[Rows]) -> str:
    """A sha256 of rows that have no file: names, types and values, whatever the pieces they come in."""
    digest = hashlib.sha256()
    for number, rows in enumerate(pieces):
        for name, values in rows.columns.items():
            column, _ = tried(values, name, "the data in memory", number * PIECE_ROWS)
            digest.update(f"{name}\x1f{column.type}\x1f{len(column)}\x1e".encode())
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, pa.schema([("values", column.type)])) as writer:
                writer.write_batch(pa.record_batch([column], names=["values"]))
            digest.update(sink.getvalue())
    return digest.hexdigest()
