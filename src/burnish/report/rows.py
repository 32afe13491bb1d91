"""A row of a table as people read it, and as the network sees and hears it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from burnish.data.table import Table
from burnish.inputs import Audible, Input, Unfolded, Visible


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


def _examples(input: Input, table: Table) -> Callable[[int], dict[str, Any]]:
    columns = list(input.required_columns)

    def example(row: int) -> dict[str, Any]:
        values: dict[str, Any] = table.arrow.slice(row, 1).select(columns).to_pylist()[0]
        return values

    return example
