"""Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from burnish.core.errors import InputError
from burnish.data.sources import PIECE_ROWS, Rows, Source


class Parquet(Source):
    """Parquet files, read by row batches; class numbers that datasets wrote become their names."""

    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces.

        Raises:
            InputError: the file is not Parquet, or damaged.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        from burnish.data.reading.arrow import class_names, named_columns

        path = Path(where)
        try:
            with pq.ParquetFile(path) as file:
                names = class_names(file.schema_arrow)
                yield Rows(*named_columns(file.schema_arrow.empty_table(), names))
                for batch in file.iter_batches(batch_size=PIECE_ROWS):
                    yield Rows(*named_columns(batch, names))
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"not a readable Parquet file: {str(error).splitlines()[0]}",
                fix="write or copy the file again",
                place=str(path),
            ) from error
