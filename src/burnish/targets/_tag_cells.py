"""How the cells of a column of tags are read: lists, text with spaces, numbers; and whether rows are sentences at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from burnish.core.errors import InputError
from burnish.core.names import text
from burnish.targets._spans import OUTSIDE
from burnish.targets._writing import is_number, listed, named, require_positions, said_positions, whole


class WrittenTags(Protocol):
    """What of a target says how cells of tags are written; see `Tags`."""

    @property
    def column(self) -> str:
        """Of the cells."""

    @property
    def labels(self) -> list[str]:
        """Tag names in the order of the logits."""

    @property
    def lists_as_text(self) -> bool | None:
        """Whether lists are written as text."""

    @property
    def numbers(self) -> Literal["names", "positions"] | None:
        """What numbers in the cells are."""


_FEW = 5  # rows below which one word in each may be chance


def cells_of(value: Any, target: WrittenTags) -> list[Any] | None:
    """The tags of a row as they are written; None where the cell is missing, or is text without a word in it."""
    tags = listed(value, target.lists_as_text)
    if tags is not None:
        return tags
    words = text(value)
    return None if words is None else words.split()


def refuse_single_words(values: Sequence[Any], column: str) -> None:
    """Check that rows are sentences, and not the single words of a table that has one word in each row.

    Raises:
        InputError: every row holds one tag.
    """
    known = [v for v in values if isinstance(v, str) and v.strip()]
    if len(known) < _FEW or len(known) < len([v for v in values if v is not None]):
        return
    if all(len(v.split()) == 1 for v in known):
        raise InputError(
            f"column {column!r} holds one tag in each row, such as {known[0]!r}: each row is one word, and not a sentence",
            expected="a sentence in each row: a list of words and a list of as many tags",
            fix="with a blank line between sentences and no other mark: data.source=conll; with a column that numbers "
            f"sentences: join the rows of each, such as table.groupby('sentence').agg(list) in pandas; to classify "
            f"single words: target={{kind: label, column: {column}}}",
            place="target",
        )


def refuse_gaps(rows: Sequence[Sequence[str | None]], names: set[str], column: str) -> None:
    """Check that words outside of entities are tagged: a gap means that nothing is known of the word, and is not learned.

    Raises:
        InputError: there are gaps, and no O.
    """
    gaps = sum(tag is None for row in rows for tag in row)
    if gaps and OUTSIDE not in names:
        raise InputError(
            f"column {column!r} has {gaps:,} words without a tag, and no word has the tag O: a model that learns from it "
            "would take every word for part of an entity",
            expected="the tag O for each word outside of entities",
            fix=f"write O where a tag is empty; where these words are really not known, name the tags: "
            f"target={{kind: tags, column: {column}, labels: [{', '.join(sorted(names)[:3])}, ...]}}",
            place="target",
        )


def numbers_are(rows: Sequence[Sequence[Any]], target: WrittenTags) -> tuple[str | None, list[str]]:
    """What numbers in place of tags stand for (None: there are none, or it is known), and what is to be said.

    Raises:
        InputError: numbers without names, or without a name for one of them.
    """
    present = [v for row in rows for v in row if v is not None]
    if target.numbers is not None or not present or not all(is_number(v) for v in present):
        return None, []
    if named(target.labels) and all(whole(v) is not None for v in present):
        require_positions(rows, target.labels, target.column)
        return "positions", [said_positions(target.column, target.labels)]
    if target.labels:
        return None, []
    numbers = sorted({n for v in present if (n := whole(v)) is not None and n >= 0})
    most = numbers[-1] if numbers else 0
    raise InputError(
        f"column {target.column!r} holds numbers in place of tags, such as {list(rows[0])[:8]}, and nothing says which "
        "tags they stand for",
        expected="tags such as O and B-person, or names for the numbers",
        fix=f"name the tags 0 to {most} in this order: target={{kind: tags, column: {target.column}, "
        "labels: [O, B-person, I-person, ...]}; the data set's card has the order. Parquet and Arrow files that "
        "`datasets` wrote with ClassLabel need no names; where numbers are the tags, add `numbers: names`",
        place="target",
    )
