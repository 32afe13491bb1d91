"""What the cell of a table may hold where a text is read."""

from __future__ import annotations

from typing import Any

from burnish.core.errors import InputError


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


def as_words(value: Any, column: str) -> list[str]:
    """A cell as words: a list of them, or one string with white space between them; missing is none.

    Raises:
        InputError: neither, or a list in the list.
    """
    if value is None:
        return []
    if isinstance(value, str):
        return value.split()
    if not isinstance(value, list | tuple):
        raise InputError(
            f"column {column!r} holds {value!r:.60}, which is no list of words",
            expected="a list of words, or a text with white space between them",
            fix="split it before, or name another column",
        )
    return [as_text(word, column) for word in value]
