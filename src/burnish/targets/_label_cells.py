"""How the cells of a column of several labels are read: lists, text with a separator, or numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

from burnish.core.errors import InputError
from burnish.core.names import looks_like_score, text
from burnish.core.written_lists import in_brackets
from burnish.targets._separators import CANDIDATES, other_separator
from burnish.targets._writing import (
    Numbers,
    bracketed,
    is_number,
    listed,
    multi_hot,
    named,
    refuse_multi_hot,
    require_positions,
    said_positions,
    whole,
    wrong_length,
)


class WrittenLabels(Protocol):
    """What of a target says how cells of labels are written; see `Labels`."""

    @property
    def column(self) -> str:
        """Of the cells."""

    @property
    def labels(self) -> list[str]:
        """Label names in the order of the logits."""

    @property
    def separator(self) -> str:
        """Between the labels where a cell is one string."""

    @property
    def lists_as_text(self) -> bool | None:
        """Whether lists are written as text."""

    @property
    def numbers(self) -> Numbers | None:
        """What numbers in the cells are."""

    @property
    def model_fields_set(self) -> set[str]:
        """What is named, and not only usual."""


_BITS = re.compile(r"[01]{2,}")


def split_cell(value: Any, target: WrittenLabels) -> tuple[list[Any], bool]:
    """The values of a cell, and whether it is a list."""
    parts = listed(value, target.lists_as_text)
    return (str(value).split(target.separator), False) if parts is None else (parts, True)


def read_numbers(values: Sequence[Any], target: WrittenLabels) -> tuple[Numbers | None, list[str]]:
    """What the numbers of a column stand for (None: they are as they were, or there are none), and what is to be said.

    Raises:
        InputError: vectors of zeros and ones without names, numbers without a name, or fractions.
    """
    if target.numbers is not None:
        return None, []
    cells = [v for v in values if v is not None and not (isinstance(v, str) and not v.strip())]
    rows = [[p for p in split_cell(v, target)[0] if p is not None and str(p).strip()] for v in cells]
    filled = [row for row in rows if row]
    if not filled:
        return None, []
    _refuse_repeats(filled, cells, target)
    if not all(is_number(p) for row in filled for p in row):
        _refuse_vectors_as_text(cells, target)
        return None, []
    if any(whole(p) is None for row in filled for p in row):
        raise _fractions(filled, target.column)
    vectors = multi_hot(filled)
    if not named(target.labels):
        if vectors and not target.labels:
            raise refuse_multi_hot(filled, target.column, cells[0])
        if not target.labels:
            _refuse_vectors_as_text(cells, target)
            return None, [_unnamed(target.column)]
        return None, []
    return _with_names(filled, vectors, target)


def _with_names(
    rows: Sequence[Sequence[Any]], vectors: bool, target: WrittenLabels
) -> tuple[Numbers | None, list[str]]:
    names, column = target.labels, target.column
    if vectors:
        numbers = {whole(value) for row in rows for value in row}
        if {0, -1} <= numbers:
            raise InputError(
                f"column {column!r} holds -1 beside 0 and 1, which says neither yes nor no",
                expected="1 for a label that applies, and 0 (everywhere) or -1 (everywhere) for one that does not",
                fix="write 0 where a label does not apply, and leave out rows of which that is not known",
                place="target",
            )
        if len(rows[0]) == len(names):
            return "multi_hot", [
                f"column {column!r} holds vectors of {len(names)} zeros and ones: one for each of `labels`"
            ]
        if any(len(set(map(whole, row))) < len(row) for row in rows):
            raise wrong_length(rows, names, column)
    require_positions(rows, names, column)
    return "positions", [said_positions(column, names)]


def read_separator(values: Sequence[Any], target: WrittenLabels) -> list[str]:
    """What is to be said about another separator that cells hold.

    Raises:
        InputError: no cell holds the usual one, and cells are surely separated by another.
    """
    texts = [v for v in values if isinstance(v, str) and v.strip() and listed(v, target.lists_as_text) is None]
    separated = other_separator(texts, target.separator)
    if separated is None:
        return []
    what = f"no cell of column {target.column!r} holds the separator {target.separator!r}, and "
    what += f"{separated.cells:,} of {separated.total:,} hold {separated.written}, such as {separated.example!r:.60}"
    fix = f"target={{kind: labels, column: {target.column}, separator: {separated.written}}}"
    if separated.sure and "separator" not in target.model_fields_set:
        raise InputError(
            what,
            expected="labels with the separator between them, or lists of labels",
            fix=f"{fix}; where each cell is one label, name the separator you mean in the same way "
            f'(separator: "{target.separator}")',
            place="target",
        )
    return [f"{what}: each such cell is read as one label; if it holds several: {fix}"]


def _refuse_repeats(rows: Sequence[Sequence[Any]], cells: Sequence[Any], target: WrittenLabels) -> None:
    """Lists that say the same several times: one value for each word, or one for each label, and no labels of the row."""
    repeats = [row for row in rows if len({text(p) for p in row}) < len(row)]
    if 2 * len(repeats) <= len(rows) or target.labels:
        return
    if not any(listed(cell, target.lists_as_text) for cell in cells):
        return
    if len({len(row) for row in rows}) < 2:
        _refuse_answers(repeats, target.column)
        return
    raise InputError(
        f"column {target.column!r} holds lists such as {list(repeats[0])!r:.60}, which say the same several times: "
        "one tag for each word, and not labels of the row",
        expected="each label of a row once; or for tags, a column of as many words",
        fix=f"for tags: input={{kind: tokens, column: WORDS}} target={{kind: tags, column: {target.column}}}; for labels, "
        "name them all in `target.labels`",
        place="target",
    )


def _refuse_answers(repeats: Sequence[Sequence[Any]], column: str) -> None:
    """Equally long lists of a few words, such as yes and no, which say of each label whether it applies."""
    if all(is_number(p) for row in repeats for p in row):
        return  # vectors of numbers have an error of their own
    length = len(repeats[0])
    raise InputError(
        f"column {column!r} holds lists of {length} values that say the same several times, such as "
        f"{list(repeats[0])!r:.60}: one value for each of {length} labels (or words), and not the labels of the row",
        expected="lists of the label names that apply",
        fix=f"write a 1 for yes and a 0 for no, and name the {length} labels in their order: "
        f"target={{kind: labels, column: {column}, labels: [NAME1, NAME2, ...]}}; where the values are labels, name them "
        "all in `target.labels`",
        place="target",
    )


def refuse_vectors(texts: Sequence[str], column: str) -> None:
    """Check that single labels are no vectors of zeros and ones, such as `1;0;1`.

    Raises:
        InputError: all of them are.
    """
    for separator in CANDIDATES if len(texts) > 1 else ():
        rows = [[p for p in t.split(separator) if p.strip()] for t in texts]
        if len(rows[0]) > 2 and all(is_number(p) for row in rows for p in row) and multi_hot(rows):
            error = refuse_multi_hot(rows, column, texts[0])
            error.fix = error.fix.split("; or,")[0].replace("labels: [", f"separator: {separator!r}, labels: [")
            error.fix += "; where each text is one label, name them all in `target.labels`"
            raise error


def refuse_numbers_of_words(texts: Sequence[str], column: str) -> None:
    """Check that single labels are no rows of numbers with spaces between them, such as `0 0 1 2`: tags of words.

    Raises:
        InputError: all of them are, and most hold several.
    """
    rows = [t.split() for t in texts]
    if not rows or 2 * sum(len(row) > 1 for row in rows) <= len(rows) or max(map(len, rows)) < 3:
        return
    if all(whole(part) is not None for row in rows for part in row):
        raise InputError(
            f"column {column!r} holds several numbers in a cell, such as {max(texts, key=len)!r:.60}: is that one label?",
            fix=f"for one tag for each word: target={{kind: tags, column: {column}, labels: [O, B-person, ...]}} names them "
            f'in their order; for several labels: target={{kind: labels, column: {column}, separator: " "}}; for one '
            f"label: target={{kind: label, column: {column}}}",
            place="target",
        )


def said_of_cells(known: Sequence[Any], texts: Sequence[str], column: str) -> list[str]:
    """What speaks for another kind of target than single labels, which were guessed.

    Args:
        known: the cells that hold something.
        texts: those of them that are texts.

    Raises:
        InputError: the column is called as one of several labels, and most cells hold several.
    """
    if looks_like_score(list(known)):
        number = f"target={{kind: score, column: {column}}}"
        return [f"{len({text(v) for v in known}):,} different whole numbers are read as classes; for amounts: {number}"]
    separated = other_separator(list(texts), "|") if len(texts) == len(known) else None
    if separated is None or not separated.sure:
        return []
    several = f"target={{kind: labels, column: {column}, separator: {separated.written}}}"
    single_ = f"target={{kind: label, column: {column}}}"
    what = (
        f"{separated.cells:,} of {separated.total:,} cells hold {separated.written}, such as {separated.example!r:.60}"
    )
    if column.lower().endswith("s") and not column.lower().endswith(("ss", "is", "us")):
        raise InputError(
            f"column {column!r}: {what}: several labels in a cell, or one label with that name?",
            fix=f"for several labels: {several}; for one: {single_}",
            place="target",
        )
    return [f"{what}, and each cell is read as one label; for several labels: {several}"]


def refuse_torn_brackets(values: Sequence[Any], target: WrittenLabels) -> None:
    """Check that the separator does not stand inside brackets around the whole cell, such as `[a|b]`.

    Raises:
        InputError: it does: the first label would keep one bracket, and the last the other.
    """
    for cell in values:
        if bracketed(cell) and target.separator in cell and not in_brackets(cell.split(target.separator)[0]):
            raise InputError(
                f"column {target.column!r} holds {cell!r:.60}: brackets around the cell would become part of labels",
                expected=f"labels with {target.separator!r} between them and no brackets around them, or lists",
                fix="leave the brackets out, or write commas between the labels",
                place="target",
            )


def _refuse_vectors_as_text(cells: Sequence[Any], target: WrittenLabels) -> None:
    """Vectors written as `0,1,0`, `0 1 0` or `010`, where the separator is another."""
    texts = [c for c in cells if isinstance(c, str)]
    if len(texts) < len(cells) or len(texts) < 2 or target.labels:
        return
    for separator in CANDIDATES:
        rows = [[p for p in t.split(separator) if p.strip()] for t in texts]
        if len(rows[0]) > 1 and all(is_number(p) for row in rows for p in row) and multi_hot(rows):
            raise refuse_multi_hot(rows, target.column, texts[0])
    if all(_BITS.fullmatch(t.strip()) for t in texts) and multi_hot(rows := [list(t.strip()) for t in texts]):
        raise refuse_multi_hot(rows, target.column, texts[0])


def _fractions(rows: Sequence[Sequence[Any]], column: str) -> InputError:
    shown = next(row for row in rows if any(whole(p) is None for p in row))
    return InputError(
        f"column {column!r} holds {list(shown)!r:.60}: numbers with fractions, which are no names of labels",
        expected="lists of label names; shares or probabilities of labels cannot be learned",
        fix="write the names of the labels that apply",
        place="target",
    )


def _unnamed(column: str) -> str:
    return f"column {column!r} holds numbers, which become the labels' names; name them in their order with `target.labels`"
