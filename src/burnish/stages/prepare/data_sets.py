"""The data sets of a run: their columns called alike, and how often the rows of each are seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.data.data_set import named_sets
from burnish.data.feeding.mixture import Mixture
from burnish.data.joining import DataSetTable, file_of, renamed
from burnish.data.settings import Data
from burnish.data.table import Part, Table
from burnish.recipe.recipe import Settled
from burnish.stages.prepare.target_numbers import numbers_read
from burnish.targets import Target

if TYPE_CHECKING:
    from burnish.data.feeding.encode import EncodedRows

Say = Callable[[str], None]


def named_alike(
    tables: Mapping[str, Table],
    target: Target | None,
    column: str | None,
    usual: Sequence[str] = (),
    say: Say | None = None,
) -> dict[str, Table]:
    """The tables with the columns of each data set called as the run knows them, and numbers of the target as numbers.

    Rows that were put together have no such columns; tables that are no data set are as they were.

    Args:
        tables: of `read_tables`.
        target, column, usual, say: see `numbers_read`; each data set writes its numbers in its own way.

    Raises:
        InputError: a column that a data set names is not there, at its file.
    """
    made = {name: table if table.made else renamed(table) for name, table in tables.items()}
    by_set: dict[str, dict[str, Table]] = {}
    for name, table in made.items():
        if isinstance(table, DataSetTable):
            by_set.setdefault(table.data_set.name, {})[name] = table
    for of_one in by_set.values():
        made |= numbers_read(target, column, of_one, usual, say)
    return made


def columns_read(recipe: Settled) -> tuple[list[str], list[str]]:
    """The columns that a run reads of each row, and those by which it divides training rows: every data set has them."""
    read = dict.fromkeys([*recipe.input.required_columns, recipe.target.column])
    split = [getattr(recipe.split, field, None) for field in ("group", "column")]
    return [column for column in read if column], [c for c in dict.fromkeys([recipe.group, *split]) if c]


def mixture_of(data: Data, part: Part, rows: NDArray[np.int64] | None = None) -> Mixture | None:
    """How often an epoch sees rows of the training split; None where each is seen once.

    Args:
        data: as the recipe says it.
        part: the training split.
        rows: places in the split of those that are learned from; None: all.
    """
    weights = {one.name: one.weight for one in named_sets(data.train)}
    names = part.table.data_sets
    if all(weights.get(name, 1.0) == 1 for name in names):
        return None
    numbers = part.table.data_set_numbers[part.rows]
    return Mixture(numbers if rows is None else numbers[rows], tuple(weights.get(name, 1.0) for name in names))


def rows_an_epoch(data: Data, part: Part) -> int:
    """How many rows of the training split an epoch sees."""
    mixture = mixture_of(data, part)
    return len(part) if mixture is None else len(mixture.rows(seed=0, epoch=0))


def rows_of_each(part: Part) -> dict[str, int]:
    """How many rows of a split each data set has."""
    counts = np.bincount(part.table.data_set_numbers[part.rows], minlength=len(part.table.data_sets))
    return {name: int(count) for name, count in zip(part.table.data_sets, counts, strict=False)}


def weights_of(data: Data) -> dict[str, Any]:
    """What is to be remembered of the training data beside its rows: the weight of each data set; nothing of one."""
    sets = named_sets(data.train)
    return {"weights": {one.name: one.weight for one in sets}} if sets else {}


def said_of_each(data: Data, part: Part, rows: EncodedRows, *, tokens: bool) -> str:
    """The share of an epoch that each data set has, in a sentence; empty where there is one.

    Args:
        data: as the recipe says it.
        part, rows: the training split, as it was divided and encoded.
        tokens: whether lengths are numbers of tokens.

    Raises:
        InputError: a data set has no row to learn from.
    """
    names = part.table.data_sets
    if not names:
        return ""
    weights = {one.name: one.weight for one in named_sets(data.train)}
    numbers, usable = part.table.data_set_numbers[part.rows], rows.weights > 0
    mixture = mixture_of(data, part, np.flatnonzero(usable))
    seen: list[int] = []
    lengths: list[float] = []
    for number, name in enumerate(names):
        mine = usable & (numbers == number)
        count = int(mine.sum())
        if not count:
            raise _nothing_left(name, part, int((numbers == number).sum()))
        seen.append(count if mixture is None else mixture.count(number))
        lengths.append(float(rows.given_lengths[mine].sum()) * seen[-1] / count)
    said = []
    for name, times, length in zip(names, seen, lengths, strict=True):
        weight = f" (weight {weights[name]:g})" if weights.get(name, 1.0) != 1 else ""
        share = f"{times:,} examples, {times / sum(seen):.1%}"
        said.append(f"{name}{weight} {share}" + (f" ({length / sum(lengths):.1%} of tokens)" if tokens else ""))
    return f"data sets in an epoch: {'; '.join(said)}"


def _nothing_left(name: str, part: Part, rows: int) -> InputError:
    table = part.table
    file = next((o.path for o in table.origins if o.data_set == name), file_of(table))
    return InputError(
        f"data set {name!r} has no training examples" + (f" with a label ({rows:,} without)" if rows else ""),
        expected="at least one: all others are in validation or test, or were left out",
        fix="add rows, give files for validation and test, or leave the data set out",
        place=file,
    )
