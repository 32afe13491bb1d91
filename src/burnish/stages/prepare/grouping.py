"""Which rows belong together: as a recipe says, or by columns that an input knows by their names, such as a speaker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.component import build
from burnish.data.dealing.columns import group_keys
from burnish.data.parts import require_columns
from burnish.data.table import Table
from burnish.inputs import Input
from burnish.recipe.recipe import Recipe

Say = Callable[[str], None]


def groups(recipe: Recipe, input: Input, tables: Mapping[str, Table], say: Say) -> dict[str, Any]:
    """`group`, and the split where it follows from it; nothing where rows stand alone.

    A recipe's own group is for the split, unless another is chosen, and for the intervals. Where it names neither group nor
    split, the first of the input's `group_columns` that the tables have is taken, if splits can keep its values apart.

    Args:
        recipe: as written.
        input: settled.
        tables: train, and validation and test where they were given.
        say: told what was chosen, or why nothing was.

    Raises:
        InputError: a named column is not there.
    """
    named = recipe.group or getattr(recipe.split, "group", None)
    if named is not None:
        require_columns(tables["train"], [named], place="group")
        if "split" in recipe.model_fields_set or recipe.data.test is not None:
            return {"group": named}
        say(f"split: grouped, so that no {named!r} is in two splits")
        return {"group": named, "split": _grouped(recipe, named)}
    if "split" in recipe.model_fields_set:
        return {}
    column = next((c for c in input.group_columns if all(c in table.columns for table in tables.values())), None)
    return {} if column is None else _by_name(recipe, column, tables, say)


def _by_name(recipe: Recipe, column: str, tables: Mapping[str, Table], say: Say) -> dict[str, Any]:
    """The same by a column that nobody named, which is never a reason to refuse."""
    keys = {name: group_keys(table, column) for name, table in tables.items()}
    known = _different(np.concatenate(list(keys.values())))
    if not len(known):
        return {}
    if len(known) == 1:
        say(f"group: every row is of one {column!r}, so splits cannot keep them apart")
        return {}
    for (left, one), (right, other) in combinations(keys.items(), 2):
        if shared := len(np.intersect1d(_different(one), _different(other))):
            say(
                f"group: {shared:,} values of {column!r} are in {left} and in {right}, as they were given; rows stand alone"
            )
            return {}
    wanted = [name for name, share in _made(recipe, tables).items() if share > 0]
    if not wanted:
        say(f"group: {column!r}, by its name: no value of it is in two splits, and intervals are over its values")
        return {"group": column}
    alone = int((keys["train"] == 0).sum())
    there = len(_different(keys["train"]))
    if there + alone <= len(wanted):
        say(
            f"group: {there} values of {column!r} are too few for {len(wanted) + 1} splits, so these do not keep them apart"
        )
        return {}
    say(
        f"split: grouped, so that no {column!r} is in two splits (a column by its name; `split: stratified` divides without it)"
    )
    return {"group": column, "split": _grouped(recipe, column)}


def _made(recipe: Recipe, tables: Mapping[str, Table]) -> dict[str, float]:
    """Shares of the splits that are made of the training rows."""
    shares = {"validation": recipe.split.validation, "test": recipe.split.test}
    return {name: share for name, share in shares.items() if name not in tables}


def _grouped(recipe: Recipe, column: str) -> Any:
    settings = {"kind": "grouped", "group": column, "validation": recipe.split.validation, "test": recipe.split.test}
    return build("burnish.data.splits", settings)


def _different(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    values: NDArray[np.uint64] = np.unique(keys[keys != 0])
    return values
