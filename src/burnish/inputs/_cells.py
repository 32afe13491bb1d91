"""What the cell of a table may hold where a text is read."""

from __future__ import annotations

from typing import Any

from burnish.core.errors import InputError
from burnish.core.written_lists import as_list, in_brackets


def as_text(value: Any, column: str) -> str:
    """A cell as text: missing is empty; numbers, dates and truth values are read as they are written.

    Raises:
        InputError: a list, an object or bytes, whose writing in Python nobody means as a text.
    """
    if value is None:
        return ""
    if isinstance(value, list | tuple | dict | bytes):
        raise InputError(
            f"column {column!r} holds {value!r:.60}, which is no text",
            expected="a text in each row",
            fix="join or decode it before, or name another column",
        )
    return str(value)


def as_words(value: Any, column: str, lists_as_text: bool = False) -> list[str]:
    """A cell as words: a list of them, or one string with white space between them; missing is none.

    Args:
        value: the cell.
        column: for the error.
        lists_as_text: whether a string may be a list written as text, such as `['a', 'b']`.

    Raises:
        InputError: neither, a list in the list, or one that cannot be read.
    """
    if value is None:
        return []
    if isinstance(value, str):
        if not lists_as_text or not in_brackets(value):
            return value.split()
        listed = as_list(value)
        if listed is None:
            raise InputError(
                f"column {column!r} holds {value!r:.60}, which cannot be read as a list of words",
                expected="a list as Python, JSON or numpy write it, whole and without lists inside",
                fix="write the file as JSON Lines or Parquet, which have lists",
            )
        value = listed
    if not isinstance(value, list | tuple):
        raise InputError(
            f"column {column!r} holds {value!r:.60}, which is no list of words",
            expected="a list of words, or a text with white space between them",
            fix="split it before, or name another column",
        )
    return [as_text(word, column) for word in value]
