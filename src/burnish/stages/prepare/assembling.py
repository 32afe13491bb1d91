"""Before a recipe is settled: rows that are put together from several columns, such as conversations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.data.assembling import assembled
from burnish.data.settings import cache_folder
from burnish.data.table import Table
from burnish.inputs import Assembled, Input, input_classes
from burnish.recipe.recipe import Recipe

SAMPLE = 2000  # rows looked at to tell the form of a table
Notify = Callable[[str, int, int], None]
Say = Callable[[str], None]


def put_together(
    recipe: Recipe,
    tables: Mapping[str, Table],
    folder: Path,
    *,
    usual: tuple[str, ...],
    say: Say,
    notify: Notify | None = None,
) -> tuple[Recipe, dict[str, Table]]:
    """The recipe with input and target, and the tables with their rows put together; as they were for other rows.

    Args:
        recipe: as written.
        tables: of the splits, as they were read.
        folder: of the checkpoint.
        usual: columns that are taken for the target where none is named: a table with one is no table of conversations.
        say: told what was recognised.
        notify: told how far it is.

    Raises:
        InputError: a row that cannot be read, or rows of no form that the input knows.
    """
    train = tables["train"]
    sample = train.arrow.slice(0, SAMPLE).to_pylist()
    input_, said = _input(recipe, train, sample, usual)
    if input_ is None:
        return recipe, dict(tables)
    settled, words = input_.for_checkpoint(sample, folder)
    for sentence in (said, words):
        if sentence:
            say(f"input: {sentence}")
    target = recipe.target or build("burnish.targets", {"kind": input_.learns, **recipe.unsettled.get("target", {})})
    recipe = recipe.model_copy(update={"input": settled, "target": target})
    return recipe, with_rows(tables, cast(Input, settled), cache_folder(recipe.data.cache), notify)


def with_rows(tables: Mapping[str, Table], input: Input, cache: Path, notify: Notify | None = None) -> dict[str, Table]:
    """The tables with their rows put together, each by its own form; as they are where the input reads single columns."""
    if not isinstance(input, Assembled):
        return dict(tables)
    made = {}
    for name, table in tables.items():
        if input.assembled_column in table.columns and table.made:
            made[name] = table
            continue
        formed, _ = _formed(input, table)
        made[name] = assembled(table, cast(Input, formed), cache, notify)
    return made


def _formed(input: Assembled, table: Table) -> tuple[Assembled, str]:
    try:
        return input.for_table(table.columns, table.arrow.slice(0, SAMPLE).to_pylist())
    except InputError as error:
        place = error.place or (table.origins[0].path if table.origins else "")
        raise InputError(error.found, expected=error.expected, fix=error.fix, place=place) from error


def _input(
    recipe: Recipe, train: Table, sample: list[dict[str, Any]], usual: tuple[str, ...]
) -> tuple[Assembled | None, str]:
    """The input that puts rows together, with their form in a sentence; None for rows of single columns."""
    if recipe.input is not None:
        return _formed(recipe.input, train) if isinstance(recipe.input, Assembled) else (None, "")
    named = recipe.target is not None or recipe.target_column is not None or recipe.task is not None
    if named:
        return None, ""
    for kind, cls in input_classes().items():
        if not issubclass(cls, Assembled):
            continue
        candidate = build("burnish.inputs", {"kind": kind, **recipe.unsettled.get("input", {})}, place="input")
        try:
            formed, said = cast(Assembled, candidate).for_table(train.columns, sample)
        except InputError:
            continue
        read = getattr(formed, "columns", {}).values()
        if not any(column in train.columns and column not in read for column in usual):
            return formed, said
    return None, ""
