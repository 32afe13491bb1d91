"""The rows of a `datasets.Dataset`, for data in memory, saved folders and the hub alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from burnish.core.errors import InputError
from burnish.data.sources import PIECE_ROWS, Rows


def is_dataset(value: Any) -> bool:
    """Whether this is anything of the library `datasets`, without importing it."""
    return type(value).__module__.partition(".")[0] == "datasets"


def dataset_pieces(data: Any, place: str) -> Iterator[Rows]:
    """The rows of a `datasets.Dataset` in pieces; class numbers become their names.

    Raises:
        InputError: a dictionary of splits, or a streaming data set.
    """
    from burnish.data.reading.arrow import class_names, named_columns

    if hasattr(data, "keys"):
        raise InputError(
            f"found a dictionary of the splits {', '.join(map(str, data))}",
            fix="give its splits one by one: train=data['train'], test=data['test']",
            place=place,
        )
    if not (hasattr(data, "with_format") and hasattr(data, "num_rows") and hasattr(data, "features")):
        raise InputError(f"found a {type(data).__name__}", expected="a datasets.Dataset", place=place)
    schema = data.features.arrow_schema
    names = class_names(schema)
    yield Rows(*named_columns(schema.empty_table(), names))
    for table in data.with_format("arrow").iter(batch_size=PIECE_ROWS):
        yield Rows(*named_columns(table, names))
