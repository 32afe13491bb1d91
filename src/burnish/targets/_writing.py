"""How cells that name labels may be written: lists as text, and numbers in place of names. Found in a column, and said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from burnish.core.errors import InputError
from burnish.core.names import as_number, text
from burnish.core.written_lists import are_written_lists, as_list, has_quoted_list, in_brackets

Numbers = Literal["names", "positions", "multi_hot"]
NUMBERS = (
    "What numbers in the cells are: names themselves; positions in `labels`, counted from 0; or (multi_hot) a 1 for each "
    "of `labels` that applies and a 0 for each other. Null: inferred and logged."
)
LISTS = "Whether cells are lists written as text, such as \"['a', 'b']\". Null: inferred and logged."
_WHOLE = re.compile(r"[+-]?\d+(\.0*)?")


def whole(value: Any) -> int | None:
    """A whole number, also as text, as 1.0 or as a truth value; None where it is none."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if not isinstance(value, str):
        return None
    stripped = value.strip()
    if stripped.lower() in ("true", "false"):
        return int(stripped.lower() == "true")
    return int(float(stripped)) if _WHOLE.fullmatch(stripped) else None


def is_number(value: Any) -> bool:
    """Whether a value is a number or truth value, also as text."""
    return whole(value) is not None or as_number(value) is not None


def named(names: Sequence[str]) -> bool:
    """Whether names are given, and none of them is a number: then numbers in the data can only be positions."""
    return bool(names) and not any(is_number(name) for name in names)


def name_at(value: Any, names: Sequence[str]) -> str | None:
    """The name of a position; -1 and -100, by which libraries mean a label that is not given, are None.

    A number that is no position, and a name, are given back as text: whoever asks finds that it is unknown.
    """
    number = whole(value)
    if number is None or text(value) in names:
        return text(value)
    if number in (-1, -100):
        return None
    return names[number] if 0 <= number < len(names) else text(value)


def names_of(parts: Sequence[Any], names: Sequence[str], numbers: Numbers | None) -> set[str]:
    """The names that the values of a cell stand for; a vector of another length than `names` is none, and is left as it is."""
    if numbers == "multi_hot" and len(parts) == len(names) and all(whole(p) is not None for p in parts):
        return {name for name, part in zip(names, parts, strict=True) if whole(part) == 1}
    named = (name_at(p, names) if numbers == "positions" else text(p) for p in parts)
    return {name for name in named if name is not None}


def bracketed(value: Any) -> bool:
    """Whether a cell is a text in brackets."""
    return isinstance(value, str) and in_brackets(value)


def listed(value: Any, lists_as_text: bool | None) -> list[Any] | None:
    """The values of a cell that is a list, or a list written as text where cells are; None for another cell."""
    if isinstance(value, list | tuple):
        return list(value)
    return as_list(value) if lists_as_text and isinstance(value, str) else None


def written_as_lists(values: Sequence[Any], column: str, kind: str) -> bool:
    """Whether the cells of a column are lists written as text.

    Raises:
        InputError: some are, and others cannot be read (the first is shown).
    """
    if not are_written_lists(values):
        return False
    for value in values:
        if isinstance(value, str) and (has_quoted_list(value) or in_brackets(value)) and as_list(value) is None:
            raise InputError(
                f"column {column!r} holds lists written as text, and {value!r:.80} cannot be read as one",
                expected="lists as Python, JSON or numpy write them, whole and without lists inside",
                fix="write the file as JSON Lines or Parquet, which have lists; or take every cell as a plain text: "
                f"target={{kind: {kind}, column: {column}, lists_as_text: false}}",
                place="target",
            )
    return True


def refuse_written_list(texts: Sequence[str], names: Sequence[str], column: str) -> None:
    """Check that single labels are no lists written as text: `[x]` may be a name, `['x']` is none unless it is given.

    Raises:
        InputError: one is a list.
    """
    written = next((t for t in texts if has_quoted_list(t) and text(t) not in names), None)
    if written is not None:
        raise InputError(
            f"column {column!r} holds {written!r:.80}, a list written as text, which is no label",
            expected="one label in each row",
            fix=f"for several labels a row: target={{kind: labels, column: {column}}}; for one, write it without brackets "
            "and quotes",
            place="target",
        )


def multi_hot(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether lists are vectors of zeros and ones (or of 1 and -1), one for each label, and no lists of labels."""
    known = [row for row in rows if len(row)]
    if not known or len({len(row) for row in known}) > 1:
        return False
    numbers = {whole(value) for row in known for value in row}
    return numbers <= {0, 1} or numbers <= {-1, 1} or (numbers <= {-1, 0, 1} and len(known[0]) > 2)


def refuse_multi_hot(rows: Sequence[Sequence[Any]], column: str, shown: Any) -> InputError:
    """The error for vectors without names."""
    length = len(next(row for row in rows if len(row)))
    numbers = " or ".join(map(str, sorted({number for row in rows for v in row if (number := whole(v)) is not None})))
    names = ", ".join(f"NAME{i + 1}" for i in range(min(length, 3))) + (", ..." if length > 3 else "")
    return InputError(
        f"column {column!r} holds {shown!r:.60}: every list has {length} values, all of them {numbers} "
        "(multi-hot vectors), and nothing says which labels they stand for",
        expected="lists of label names",
        fix=f"name the {length} labels in the order of the vectors: "
        f"target={{kind: labels, column: {column}, labels: [{names}]}}; "
        "or, where these numbers are the labels' names, add `numbers: names`",
        place="target",
    )


def wrong_length(rows: Sequence[Sequence[Any]], names: Sequence[str], column: str) -> InputError:
    """The error for vectors that have another length than there are names."""
    length = len(next(row for row in rows if len(row)))
    return InputError(
        f"column {column!r} holds vectors of {length} zeros and ones, but {len(names)} labels are named",
        expected=f"{length} names, one for each position",
        fix="name a label for each position, in `target.labels`",
        place="target",
    )


def require_positions(rows: Sequence[Sequence[Any]], names: Sequence[str], column: str) -> None:
    """Check that numbers are positions in names.

    Raises:
        InputError: one is too large or negative; -1 and -100 are missing values.
    """
    numbers = [number for row in rows for v in row if (number := whole(v)) is not None and text(v) not in names]
    wrong = [n for n in numbers if n >= len(names) or (n < 0 and n not in (-1, -100))]
    if wrong:
        raise InputError(
            f"column {column!r} holds the number {wrong[0]}, but {len(names)} labels are named (0 to {len(names) - 1})",
            expected="a name for each number, counted from 0",
            fix="name them all, in the order of their numbers, in `target.labels`",
            place="target",
        )


def said_lists(column: str) -> str:
    """That lists written as text were found."""
    return (
        f"column {column!r} holds lists written as text: they are read as lists (lists_as_text: false keeps the text)"
    )


def said_positions(column: str, names: Sequence[str]) -> str:
    """That numbers are positions."""
    shown = ", ".join(f"{i} is {name}" for i, name in enumerate(names[:3])) + (" ..." if len(names) > 3 else "")
    return f"numbers in column {column!r} are positions in `labels`: {shown}"
