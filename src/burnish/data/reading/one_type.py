"""Columns whose values no one type can hold: kept as JSON text, so that they block no run that does not read them."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from burnish.core.errors import InputError
from burnish.data.reading.arrow import array

if TYPE_CHECKING:
    from burnish.data.table import Table

MOST_KEYS = 1000
"""Different keys of the objects of a column; objects with more are no records, and as one type would fill the memory."""
_MARK = b"burnish.no_one_type"
Why = dict[str, Any]
"""What the matter is: `row` in its table, counted from 0, and `found`, `expected`, `fix` as an error says them."""


def why(error: InputError, row: int) -> Why:
    """What an error says about a column, without its place."""
    return {"row": row, "found": error.found, "expected": error.expected, "fix": error.fix}


def marked(name: str, why: Why) -> pa.Field:
    """The field of such a column."""
    return pa.field(name, pa.string(), metadata={_MARK: json.dumps(why)})


def columns_without_a_type(schema: pa.Schema) -> dict[str, Why]:
    """The columns that were kept as JSON text, and why."""
    return {f.name: json.loads(f.metadata[_MARK]) for f in schema if f.metadata and _MARK in f.metadata}


def require_one_type(table: Table, columns: Collection[str]) -> None:
    """Check that none of these columns was kept as JSON text.

    Raises:
        InputError: the first row whose value does not fit those before it.
    """
    unlike = columns_without_a_type(table.arrow.schema)
    for column in columns:
        if column in unlike:
            told = unlike[column]
            place = table.place(told["row"])
            raise InputError(told["found"], expected=told["expected"], fix=told["fix"], place=place)


def tried(values: Any, column: str, place: str, first_row: int) -> tuple[pa.Array, InputError | None]:
    """Values as an Arrow array, or as JSON text with the error that says why.

    Args:
        values: Python values or Arrow.
        column, place, first_row: for the error; see `array`.
    """
    try:
        if not isinstance(values, (pa.Array, pa.ChunkedArray)):
            _require_records(values, column)
        return array(values, column, place, first_row), None
    except InputError as error:
        return as_json(values), error
    except (pa.ArrowException, NotImplementedError) as error:  # a type that Arrow can read and not turn
        what = f"column {column!r} holds {getattr(values, 'type', 'values')}, which no table can hold: {error}"
        return as_json(values), InputError(what, fix="write it as text, numbers or lists", place=place)


def _require_records(values: Any, column: str) -> None:
    keys: set[str] = set()
    for value in values:
        if isinstance(value, (dict, list)):
            _add_keys(value, keys)
        if len(keys) > MOST_KEYS:
            raise too_many_keys(column)


def too_many_keys(column: str) -> InputError:
    """The error for objects that are no records."""
    return InputError(
        f"column {column!r} holds objects with more than {MOST_KEYS:,} different keys",
        expected="objects with the same few keys",
        fix="write what shall be read in a column of its own",
    )


def fields_of(kind: pa.DataType) -> int:
    """How many fields the objects of a nested type have, however deep they lie."""
    inside = [kind.field(i) for i in range(kind.num_fields)]
    return len(inside) + sum(fields_of(f.type) for f in inside if pa.types.is_nested(f.type))


def _add_keys(value: Any, keys: set[str]) -> None:
    """The keys of objects, however deep they lie."""
    if isinstance(value, dict):
        keys.update(map(str, value))
        value = value.values()
    for inner in value:
        if isinstance(inner, (dict, list)):
            _add_keys(inner, keys)


def as_json(values: Any) -> pa.Array:
    """Values as text: texts as they are, all else as JSON, missing ones missing."""
    plain = values.to_pylist() if isinstance(values, (pa.Array, pa.ChunkedArray)) else values
    return pa.array([_text(value) for value in plain], pa.string())


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode()  # half a surrogate pair is no text
