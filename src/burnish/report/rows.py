"""A row of a table as people read it, and as the network sees and hears it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from burnish.data.feeding.encode import length_facts
from burnish.data.table import Part, Table
from burnish.inputs import Audible, Input, Unfolded, Visible
from burnish.report.transcripts import SECONDS
from burnish.targets import Target


def row_text(input: Input, table: Table) -> Callable[[int], str]:
    """A function of a row number to what the row says, in one line."""
    example = _examples(input, table)

    def text(row: int) -> str:
        if not input.stored or isinstance(input, Unfolded):
            return input.audited_text(example(row)) or ""
        return " | ".join(" ".join(v) if isinstance(v, list) else str(v or "") for v in example(row).values())

    return text


def row_picture(input: Input, processor: Any, table: Table) -> Callable[[int], Any]:
    """A function of a row number to what the network sees of it, as a picture; None where it has none."""
    example = _examples(input, table)

    def picture(row: int) -> Any:
        if not isinstance(input, Visible):
            return None
        return input.pictured(input.encode([example(row)], processor)[0], processor)

    return picture


def row_sound(input: Input, processor: Any, table: Table) -> Callable[[int], bytes | None]:
    """A function of a row number to a WAV file of the row; None where rows make no sound."""
    example = _examples(input, table)

    def sound(row: int) -> bytes | None:
        return input.sounded(example(row), processor) if isinstance(input, Audible) else None

    return sound


def row_columns(input: Input, target: Target, table: Table) -> Callable[[Sequence[int]], dict[str, list[Any]]]:
    """A function of row numbers to the cells of all other columns, and the `seconds` of rows that can be listened to."""
    read = {*input.required_columns, target.column}
    columns = [field.name for field in table.arrow.schema if field.name not in read and _plain(field.type)]

    def cells(rows: Sequence[int]) -> dict[str, list[Any]]:
        places = np.array(rows, np.int64)
        found: dict[str, list[Any]] = table.take(places, columns).to_pydict() if columns else {}
        facts = length_facts(Part(table, places), places, input) if isinstance(input, Audible) else []
        seconds = [input.duration(one) for one in facts] if isinstance(input, Audible) else []
        return {**found, SECONDS: seconds} if any(one is not None for one in seconds) else found

    return cells


def _plain(kind: pa.DataType) -> bool:
    """Texts, truth values and whole numbers: what may divide examples into a few parts."""
    return any(
        test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_boolean, pa.types.is_integer)
    )


def _examples(input: Input, table: Table) -> Callable[[int], dict[str, Any]]:
    columns = list(input.required_columns)

    def example(row: int) -> dict[str, Any]:
        values: dict[str, Any] = table.arrow.slice(row, 1).select(columns).to_pylist()[0]
        return values

    return example
