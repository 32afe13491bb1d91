"""What a column holds that no target can learn from, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from burnish.core.component import component_class, kinds
from burnish.core.errors import InputError
from burnish.data.table import Table
from burnish.data.truths import missing
from burnish.targets import Generative, Recognised

_EXPECTED = "labels that repeat, lists of labels, numbers, lists of tags, or beside recordings what is said in them"


def rows_with_values(table: Table, column: str, most: int) -> list[Any]:
    """The first values of a column that are there, wherever they stand: a file may begin with rows without a label."""
    values: list[Any] = []
    for rows in table.rows([column]):
        values += [row[column] for row in rows if not missing(row[column])]
        if len(values) >= most:
            break
    return values[:most]


def recognised_kinds() -> list[str]:
    """The kinds of target that a column may be recognised as, whatever stands beside it."""
    known = ((kind, component_class("burnish.targets", kind)) for kind in kinds("burnish.targets"))
    return [kind for kind, cls in known if issubclass(cls, Recognised) and not issubclass(cls, Generative)]


def no_target(column: str, values: Sequence[Any], total: int, label: str = "") -> InputError:
    """The error for a column that no target recognises.

    Args:
        column: its name.
        values: some of its cells that hold something.
        total: rows of the table.
        label: another column, which holds labels where this one holds texts; empty where there is none.
    """
    if not values:
        return InputError(
            f"column {column!r} is empty in all {total:,} rows",
            expected="a label, a number or a list in each row",
            fix="fill it, or name another column",
            place="target",
        )
    objects = [value for value in values if isinstance(value, dict)]
    lists = [value for value in values if isinstance(value, list)]
    if not objects and not lists:
        return _plain(column, values, label)
    what, fix = _objects(column, objects) if objects else _lists(column, lists)
    return InputError(what, expected=_EXPECTED, fix=fix, place="target")


def _objects(column: str, values: Sequence[dict[str, Any]]) -> tuple[str, str]:
    first = values[0]
    numbers = {k: v for k, v in first.items() if isinstance(v, bool | int | float)}
    fix = "write what shall be learned in a column of its own, as plain values"
    if numbers and len(numbers) == len([v for v in first.values() if v is not None]):
        names = next((keys for row in values if (keys := _chosen(row))), [])
        written = f" ({names!r} for {values[0]!r:.80})" if _chosen(values[0]) == names else f" (such as {names!r})"
        fix = "write the names whose value is 1 as a list of labels, or the one name as a label" + written * bool(names)
    return f"column {column!r} holds objects, such as {first!r:.80}", fix


def _chosen(row: dict[str, Any]) -> list[str]:
    return [name for name, value in row.items() if isinstance(value, bool | int | float) and value >= 0.5]


def _lists(column: str, values: Sequence[list[Any]]) -> tuple[str, str]:
    full = next((value for value in values if value), values[0])
    what = f"column {column!r} holds lists"
    if all(isinstance(item, dict | list) for item in full):
        inside = "objects" if isinstance(full[0], dict) else "lists"
        return (
            f"{what} of {inside}, such as {full!r:.80}",
            "spans in a text are not read: write the words and one tag for each as two lists (O, B-person, I-person)",
        )
    return (
        f"{what} that are neither tags nor labels that repeat, such as {full!r:.80}",
        f"for tags, write one a word (O, B-person, I-person); for several labels a row say "
        f"`target: {{kind: labels, column: {column}}}`",
    )


def _plain(column: str, values: Sequence[Any], label: str) -> InputError:
    different = list(dict.fromkeys(map(str, values)))
    examples = ", ".join(f"{value!r:.60}" for value in different[:5])
    repeats = f" ({len(different):,} different values in {len(values):,} rows)" if len(values) > 1 else ""
    return InputError(
        f"what column {column!r} holds is none of {', '.join(recognised_kinds())}: {examples} ...{repeats}",
        expected=_EXPECTED,
        fix=(
            f"column {label!r} holds labels: --target {label} --input {column}; or "
            if label
            else "name another column, or "
        )
        + f"name the kind of target: target: {{kind: label, column: {column}}}",
        place="target",
    )
