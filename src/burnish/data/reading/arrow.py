"""Arrow types: one type for a column whatever order its values come in, and classes by name instead of number."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from burnish.core.errors import InputError
from burnish.data.sources import PIECE_ROWS, Rows


def array(values: Any, column: str, place: str, first_row: int) -> pa.Array:
    """A list of values, or an Arrow array, as an Arrow array of one of the types tables have.

    Args:
        values: Python values (None is missing) or Arrow.
        column, place: for the error.
        first_row: number of the first value's row in its file, counted from 0, for the error.

    Raises:
        InputError: the values are not of one type; the first row that differs is named.
    """
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        combined = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        if isinstance(combined, pa.ChunkedArray):  # more than fits one array; pieces never are
            combined = pa.concat_arrays(combined.chunks)
        return cast(combined, plain(combined.type))
    try:
        converted = pa.array(values)
    except (pa.ArrowException, TypeError, OverflowError, ValueError) as error:
        known = _without_nan(values)
        try:
            converted = pa.array(known)
        except (pa.ArrowException, TypeError, OverflowError, ValueError):
            raise _mixed(known, column, place, first_row, error) from error
    return cast(converted, plain(converted.type))


class _NoPandas:
    """Finds that pandas is not installed."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """None but for pandas."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


def without_pandas() -> None:
    """Keep pyarrow from importing pandas, for half a second, to see whether a list is one of its series.

    For a process of our own, in which nobody holds such a series. Where it is needed by name (`to_pandas`,
    `Table.from_pandas`), pyarrow looks for it once more and finds it.
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([None])  # it looks once
    finally:
        sys.meta_path.remove(finder)


def _without_nan(values: Any) -> list[Any]:
    """The values with NaN as missing: what pandas leaves for a gap among texts."""
    return [None if isinstance(value, float) and value != value else value for value in values]


def plain(kind: pa.DataType) -> pa.DataType:
    """A type without what only concerns storage: dictionaries, large and view variants, small integers."""
    if pa.types.is_dictionary(kind):
        return plain(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):
        return pa.float64()
    if _is_list(kind):
        return pa.list_(plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(f.name, plain(f.type)) for f in (kind.field(i) for i in range(kind.num_fields))])
    return kind


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def unified(first: pa.DataType, second: pa.DataType) -> pa.DataType | None:
    """The type that holds the values of both, or None: missing fits everything, integers fit numbers with fractions."""
    if first == second or pa.types.is_null(second):
        return first
    if pa.types.is_null(first):
        return second
    if {str(first), str(second)} == {"int64", "double"}:
        return pa.float64()
    if pa.types.is_list(first) and pa.types.is_list(second):
        inner = unified(first.value_type, second.value_type)
        return None if inner is None else pa.list_(inner)
    if pa.types.is_struct(first) and pa.types.is_struct(second):
        return _unified_structs(first, second)
    return None


def _unified_structs(first: pa.DataType, second: pa.DataType) -> pa.DataType | None:
    fields = {f.name: f.type for f in (first.field(i) for i in range(first.num_fields))}
    for other in (second.field(i) for i in range(second.num_fields)):
        kind = unified(fields[other.name], other.type) if other.name in fields else other.type
        if kind is None:
            return None
        fields[other.name] = kind
    return pa.struct(list(fields.items()))


def cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """The values in a type that `unified` or `plain` gave; never loses a digit."""
    if values.type == kind:
        return values
    if pa.types.is_nested(kind):
        return pa.array(values.to_pylist(), type=kind)
    return values.cast(kind, safe=True)


def readable(kind: pa.DataType) -> str:
    """A type in words for messages."""
    words = {"string": "text", "int64": "whole number", "double": "number", "bool": "true or false", "null": "missing"}
    if pa.types.is_list(kind):
        return f"list of {readable(kind.value_type)}"
    return "object" if pa.types.is_struct(kind) else words.get(str(kind), str(kind))


def _mixed(values: Any, column: str, place: str, first_row: int, error: Exception) -> InputError:
    """The error for a list with values of several types: finds the first value that does not fit those before it."""
    so_far: pa.DataType = pa.null()
    for i, value in enumerate(values):
        try:
            kind = plain(pa.array([value]).type)
        except (pa.ArrowException, TypeError, OverflowError, ValueError) as own:
            mixed = isinstance(value, list | dict)
            return InputError(
                f"column {column!r} holds {value!r:.80}, "
                + ("which mixes values of several types" if mixed else f"which no table can hold: {own}"),
                expected="values of one type in a column, and in each list",
                fix="write them all in one way, such as all as text in quotes",
                place=f"{place}, row {first_row + i + 1}",
            )
        together = unified(so_far, kind)
        if together is None:
            return conflict(column, so_far, kind, f"{place}, row {first_row + i + 1}", value)
        so_far = together
    return InputError(
        f"column {column!r} mixes values that no one type can hold: {error}",
        place=f"{place}, rows {first_row + 1} to {first_row + len(values)}",
    )


def conflict(column: str, before: pa.DataType, now: pa.DataType, place: str, value: Any = None) -> InputError:
    """The error for a column whose values are of two types."""
    shown = f" ({value!r:.60})" if value is not None else ""
    return InputError(
        f"column {column!r} holds {readable(now)}{shown}, and {readable(before)} in rows before",
        expected="values of one type in a column",
        fix="write them all in one way, such as all as text in quotes",
        place=place,
    )


def table_pieces(table: Any) -> Iterator[Rows]:
    """A pyarrow.Table or RecordBatch in pieces; class numbers that `datasets` wrote become their names."""
    if len(set(table.schema.names)) < len(table.schema.names):
        raise InputError("two columns of the table have the same name", fix="rename one", place="the Arrow table")
    names = class_names(table.schema)
    yield Rows(*named_columns(table.slice(0, 0), names))
    for start in range(0, table.num_rows, PIECE_ROWS):
        yield Rows(*named_columns(table.slice(start, PIECE_ROWS), names))


def class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Names of classes by column, as `datasets` leaves them in the metadata of Arrow and Parquet files."""
    text = (schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        features = json.loads(text).get("info", {}).get("features", {})
        return {name: names for name, feature in features.items() if (names := _names_in(feature))}
    except (ValueError, AttributeError):
        return {}  # somebody else's metadata


def _names_in(feature: Any) -> list[str]:
    if isinstance(feature, list) and len(feature) == 1:
        return _names_in(feature[0])
    if not isinstance(feature, dict):
        return []
    if feature.get("_type") == "ClassLabel":
        return list(feature.get("names") or [])
    return _names_in(feature["feature"]) if isinstance(feature.get("feature"), (dict, list)) else []


def named_columns(table: Any, names: Mapping[str, list[str]]) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    """What a `Rows` is made of: the columns with classes by name, no encoding, and a note on what was turned."""
    columns = {name: table.column(i) for i, name in enumerate(table.schema.names)}
    notes = []
    for name in columns.keys() & names.keys():
        columns[name] = _named(columns[name], names[name], name)
        notes.append(f"column {name!r}: class numbers turned into the names {', '.join(names[name][:8])}")
    return columns, "", tuple(sorted(notes))


def _named(values: pa.Array, names: list[str], column: str) -> pa.Array:
    """Class numbers as names; -1, by which `datasets` means a label that is not given, is missing."""

    def name(value: Any) -> Any:
        if isinstance(value, list):
            return [name(v) for v in value]
        if value is None or value == -1:
            return None
        if isinstance(value, int) and 0 <= value < len(names):
            return names[value]
        raise InputError(f"column {column!r} holds class {value!r}", expected=f"0 to {len(names) - 1}, or -1")

    kind = pa.list_(pa.string()) if _is_list(values.type) else pa.string()
    return pa.array([name(v) for v in values.to_pylist()], type=kind)
