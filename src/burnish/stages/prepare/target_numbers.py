"""Numbers of the target as people write them, in all tables of a run alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from burnish.core.names import looks_like_score
from burnish.data.reading.written_numbers import plain_numbers
from burnish.data.table import Table
from burnish.targets import Target, linear_of

_NEVER = ("labels", "tags")  # columns in which a comma may stand between two names


def numbers_read(
    target: Target | None,
    column: str | None,
    tables: dict[str, Table],
    usual: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> dict[str, Table]:
    """The tables with decimal commas and thousands of the target turned into plain numbers.

    Args:
        target: as far as it is known; None where no kind is named.
        column: of the target, where only that is named; None where it is neither.
        tables: the first (`train`) tells how numbers are written, for the others as well.
        usual: columns that are taken for the target where none is named.
        say: told what was turned.

    Raises:
        InputError: the target is a number, and how it is written cannot be told.
    """
    first, train = next(iter(tables.items()))
    if target is not None:
        column, strict = target.column, True
        if linear_of(target) != "numbers":
            return tables
    else:
        named = column or next((name for name in usual if name in train.columns), None)
        if named is None or named in _NEVER:
            return tables
        column, strict = named, False
    turned, writing, note = plain_numbers(train, column, strict=strict)
    if not writing or not (strict or looks_like_score(turned.arrow[column].slice(0, 2000).to_pylist())):
        return tables
    if say is not None:
        say(note)
    return {
        name: turned if name == first else plain_numbers(table, column, writing)[0] for name, table in tables.items()
    }
