"""How many words the cells of columns hold: tags are a list that is as long as the words of its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from burnish.core.written_lists import as_list, in_brackets

_FEWEST = 3
"""Rows that must agree, so that equal lengths are no chance."""


def list_length(cell: Any) -> int | None:
    """How many values a list has, also one written as text; None for another cell."""
    if isinstance(cell, list | tuple):
        return len(cell)
    values = as_list(cell) if isinstance(cell, str) and in_brackets(cell) else None
    return None if values is None else len(values)


def word_count(cell: Any) -> int | None:
    """How many words a cell holds: those of a list, or of a text with white space between them; None for another cell."""
    length = list_length(cell)
    return len(cell.split()) if length is None and isinstance(cell, str) else length


def as_long_as(rows: Sequence[Mapping[str, Any]], tags: str, words: str, *, texts: bool = False) -> bool:
    """Whether the lists of one column are in every row as long as the words of another.

    Words of a text must differ in number from row to row: vectors of one length are no tags. With `texts`, tags may be
    texts as well, with white space between them.
    """
    length_of = word_count if texts else list_length
    pairs = [(length_of(row.get(tags)), row.get(words)) for row in rows if row.get(tags) not in (None, "")]
    if len(pairs) < min(_FEWEST, len(rows)) or any(length is None for length, _ in pairs):
        return False
    if any(length != word_count(cell) for length, cell in pairs):
        return False
    lists = all(isinstance(cell, list | tuple) and all(isinstance(w, str | None) for w in cell) for _, cell in pairs)
    return len({length for length, _ in pairs}) > 1 or (lists and any(length for length, _ in pairs))


def words_beside(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], tags: str, *, texts: bool = False
) -> list[str]:
    """The columns of words that lists are as long as: lists first, most different words first.

    There are more different words than tags: two lists of a row that belong together (labels, and what they are called)
    are as long as each other, too.
    """
    candidates = [c for c in columns if c != tags and as_long_as(rows, tags, c, texts=texts) and not _numbers(rows, c)]
    candidates = [c for c in candidates if _variety(rows, c) > _variety(rows, tags)] if candidates else []
    return sorted(candidates, key=lambda c: (not _lists(rows, c), -_variety(rows, c)))


def _lists(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    return any(isinstance(row.get(column), list | tuple) for row in rows)


def _numbers(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    cells = [row.get(column) for row in rows]
    return any(isinstance(v, int | float) for cell in cells if isinstance(cell, list | tuple) for v in cell)


def _variety(rows: Sequence[Mapping[str, Any]], column: str) -> int:
    cells = [row.get(column) for row in rows]
    lists = (as_list(c) if isinstance(c, str) and in_brackets(c) else c for c in cells)
    return len({str(w) for c in lists for w in (c if isinstance(c, list | tuple) else str(c).split())})
