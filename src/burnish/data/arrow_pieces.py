"""Arrow files of the cache, written piece by piece."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa


def write_pieces(path: Path, pieces: Iterator[pa.RecordBatch]) -> None:
    """Write aside and rename: a cache file under its final name is always complete.

    The file aside has a name of its own, as several processes may fill one cache.

    Args:
        path: of the file; its folder is made.
        pieces: record batches of one schema, one at least.

    Raises:
        OSError: the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            first = next(pieces)
            with pa.ipc.new_file(file, first.schema) as writer:
                writer.write_batch(first)
                for piece in pieces:
                    writer.write_batch(piece)
            file.flush()
            os.fsync(file.fileno())  # before the rename: else a power cut may leave the name without the content
        os.replace(aside, path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
