"""Files of one table: each must have rows, the same columns as the others, and those that are asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from burnish.core.errors import InputError, nearest


def require_like(
    shown: str, rows: int, columns: list[str], loose: bool, earlier: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """What is to be remembered of a file: `rows`, `columns`, `loose`.

    Args:
        shown: what people call the file.
        rows: how many it has.
        columns: their columns.
        loose: whether rows of its format may leave columns out.
        earlier: what was remembered of the files before.

    Raises:
        InputError: no rows, no columns, or other columns than the files before.
    """
    if not rows:
        raise InputError("no rows", expected="at least one row under the header", place=shown)
    if not columns:
        raise InputError("not a table: no columns", place=shown)
    strict = [f for f in earlier if not f["loose"]]
    if not loose and strict and set(strict[0]["columns"]) != set(columns):
        wanted = strict[0]["columns"]
        gone = [c for c in wanted if c not in columns]
        new = [c for c in columns if c not in wanted]
        words = [f"lacks {', '.join(map(repr, gone))}"] * bool(gone) + [f"adds {', '.join(map(repr, new))}"] * bool(new)
        raise InputError(
            f"the columns differ from those of the files before: {' and '.join(words)}",
            expected=", ".join(wanted),
            place=shown,
        )
    return {"rows": rows, "columns": columns, "loose": loose}


def require_names(columns: Sequence[str], wanted: Collection[str], *, place: str) -> None:
    """Check that columns are there; `place` is what asked for them, or the file.

    Raises:
        InputError: naming the missing one, the columns there are and the nearest spelling.
    """
    for column in wanted:
        if column not in columns:
            guess = nearest(column, columns)
            raise InputError(
                f"there is no column {column!r}",
                expected="one of " + ", ".join(columns),
                fix=f"did you mean {guess!r}?" if guess else "name another column, or add it to the file",
                place=place,
            )
