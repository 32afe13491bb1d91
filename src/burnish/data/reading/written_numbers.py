"""Numbers as people write them in text columns: with a decimal comma, or with separators between thousands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from burnish.core.errors import InputError
from burnish.data.table import Table

_INTEGER = r"[+-]?\d+"
_POINT = r"[+-]?\d*\.\d+([eE][+-]?\d+)?|[+-]?\d+\.?\d*[eE][+-]?\d+"
_COMMA = r"[+-]?\d+,\d+"
_GROUPS_COMMA = r"[+-]?\d{1,3}([. \x{a0}\x{202f}'’]\d{3})+(,\d+)?"
_GROUPS_POINT = r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"
_ONE_GROUP = r"[+-]?\d{1,3},\d{3}"
_MOST_WRONG = 0.1  # of the cells that are no number either way; the audit names them

COMMA, THOUSANDS = "comma", "thousands"
_SAID = {COMMA: "a decimal comma", THOUSANDS: "commas between thousands"}


def plain_numbers(table: Table, column: str, writing: str = "", strict: bool = True) -> tuple[Table, str, str]:
    """The table with the numbers of a text column written with a point, how they were written, and a note on it.

    Args:
        table: any; a column of numbers, or of numbers with points only, stays as it is.
        column: of numbers.
        writing: `comma` or `thousands`, where another table of the run has told it.
        strict: whether to refuse what cannot be told; else the table stays as it is.

    Raises:
        InputError: `1,234` may be either, or the column mixes `3,5` and `3.5`; with the first such row.
    """
    if column not in table.columns or not pa.types.is_string(table.arrow.schema.field(column).type):
        return table, "", ""
    cells = pc.utf8_trim_whitespace(table.arrow[column])
    if not writing:
        writing = _writing(table, column, cells, strict)
    if not writing:
        return table, "", ""
    pattern = _full(_INTEGER, _COMMA, _GROUPS_COMMA) if writing == COMMA else _full(_INTEGER, _POINT, _GROUPS_POINT)
    grouping = r"[. \x{a0}\x{202f}'’]" if writing == COMMA else ","
    bare = pc.replace_substring(pc.replace_substring_regex(cells, grouping, ""), ",", ".")
    fitting = pc.fill_null(pc.match_substring_regex(cells, pattern), False)
    values = pc.if_else(fitting, bare, cells)
    # The field says it, so that rows that were encoded without it are not taken for these.
    field = pa.field(column, pa.string(), metadata={b"burnish.numbers": writing})
    example = next((old for old, new in zip(_some(cells), _some(values), strict=True) if old != new), "")
    note = f"column {column!r}: numbers with {_SAID[writing]}"
    if example:
        note += f" ({example!r} is {_some(values)[_some(cells).index(example)]})"
    return table.with_column(column, values, field), writing, note


def _some(cells: Any) -> list[Any]:
    return list(cells.slice(0, 2000).to_pylist())


def _full(*patterns: str) -> str:
    return "^(" + "|".join(patterns) + ")$"


def _writing(table: Table, column: str, cells: Any, strict: bool) -> str:
    """How the numbers of a column are written; empty where there is nothing to change or to tell."""

    def fits(*patterns: str) -> Any:
        return pc.fill_null(pc.match_substring_regex(cells, _full(*patterns)), False)

    def count(mask: Any) -> int:
        return int(pc.sum(mask).as_py() or 0)

    filled = count(pc.fill_null(pc.not_equal(cells, ""), False))
    with_comma = fits(_COMMA, _GROUPS_COMMA, _GROUPS_POINT)
    if not filled or not count(with_comma):
        return ""
    one_group = fits(_ONE_GROUP)
    points = pc.and_(fits(_POINT), pc.invert(fits(_GROUPS_COMMA)))
    thousands = pc.and_(fits(_GROUPS_POINT), pc.invert(one_group))
    commas = pc.or_(pc.and_(fits(_COMMA), pc.invert(one_group)), pc.and_(fits(_GROUPS_COMMA), _has_comma(cells)))
    as_commas = filled - count(fits(_INTEGER, _COMMA, _GROUPS_COMMA))
    as_thousands = filled - count(fits(_INTEGER, _POINT, _GROUPS_POINT))
    if filled - count(fits(_INTEGER, _POINT, _COMMA, _GROUPS_COMMA, _GROUPS_POINT)) > _MOST_WRONG * filled:
        return ""
    decided = count(commas), count(thousands) + count(points)
    if decided[0] and not decided[1]:
        return COMMA
    if decided[1] and not decided[0]:
        return THOUSANDS if count(pc.or_(thousands, one_group)) else ""
    if decided[0] and min(as_commas, as_thousands) <= _MOST_WRONG * filled:  # a few cells are written otherwise
        return COMMA if as_commas < as_thousands else ""
    if not strict:
        return ""
    raise _untold(table, column, cells, commas if decided[0] else one_group, mixed=bool(decided[0]))


def _has_comma(cells: Any) -> Any:
    return pc.fill_null(pc.match_substring(cells, ","), False)


def _untold(table: Table, column: str, cells: Any, mask: Any, mixed: bool) -> InputError:
    row = int(np.argmax(mask.to_numpy()))
    value = cells[row].as_py()
    return InputError(
        f"column {column!r} holds {value!r}"
        + (", and numbers with a decimal point as well" if mixed else ", which may be a decimal comma or thousands"),
        expected="numbers written in one way, such as 1234.5",
        fix="write them with a decimal point and without separators",
        place=table.place(row),
    )
