"""Before a recipe is settled: rows that are put together from several columns, such as conversations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.data.assembling import assembled
from burnish.data.joining import DataSetTable, file_of, split_of
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
    train = [table for name, table in tables.items() if split_of(name, table) == "train"]
    formed = _input(recipe, train, usual)
    if formed is None:
        return recipe, dict(tables)
    input_, sample = formed.input, formed.sample
    _require_writer(recipe, cast(Input, input_))
    settled, words = input_.for_checkpoint(sample, folder)
    for sentence in (*formed.said, words):
        if sentence:
            say(f"input: {sentence}")
    target = recipe.target or build("burnish.targets", {"kind": input_.learns, **recipe.unsettled.get("target", {})})
    recipe = recipe.model_copy(update={"input": settled, "target": target})
    return recipe, with_rows(tables, cast(Input, settled), cache_folder(recipe.data.cache), notify)


def _require_writer(recipe: Recipe, input: Input) -> None:
    """That the checkpoint is none that fills gaps, before anything is asked of its tokenizer."""
    if recipe.model.family(input).kind != "text encoder":
        return
    raise InputError(
        f"model {recipe.model.name!r} is an encoder, which reads texts from both sides: it cannot write replies",
        expected="a causal language model, such as HuggingFaceTB/SmolLM2-135M-Instruct or Qwen/Qwen2.5-0.5B-Instruct, or "
        "a folder with one",
        fix="name one: --model HuggingFaceTB/SmolLM2-135M-Instruct",
        place="model",
    )


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
        made[name] = _flat(assembled(table, cast(Input, formed), cache, notify), input.assembled_column)
    return made


def _flat(table: Table, column: str) -> Table:
    """The table of a data set without nested columns, which were put together and need no common type with other ones."""
    if not isinstance(table, DataSetTable):
        return table
    kept = [f.name for f in table.arrow.schema if f.name == column or not pa.types.is_nested(f.type)]
    return replace(table, arrow=table.arrow.select(kept))


@dataclass(frozen=True)
class _Formed:
    """An input that puts rows together, the form of each table in a sentence, and some rows of them."""

    input: Assembled
    said: tuple[str, ...]
    sample: list[dict[str, Any]]


def _formed(input: Assembled, table: Table) -> tuple[Assembled, str]:
    """The input with the form of a table, by the parts that its data set names."""
    try:
        named = input.named(table.data_set.columns) if isinstance(table, DataSetTable) else input
        return named.for_table(table.columns, table.arrow.slice(0, SAMPLE).to_pylist())
    except InputError as error:
        place = error.place or file_of(table)
        raise InputError(error.found, expected=error.expected, fix=error.fix, place=place) from error


def _input(recipe: Recipe, train: Sequence[Table], usual: tuple[str, ...]) -> _Formed | None:
    """The input that puts rows together, with the form of each training table; None for rows of single columns."""
    if recipe.input is not None:
        return _of_tables(recipe.input, train) if isinstance(recipe.input, Assembled) else None
    named = recipe.target is not None or recipe.target_column is not None or recipe.task is not None
    first = train[0]
    columns = [*first.columns, *(first.data_set.columns if isinstance(first, DataSetTable) else ())]
    if named or any(column in columns for column in usual):
        return None
    for kind, cls in input_classes().items():
        if not issubclass(cls, Assembled):
            continue
        candidate = build("burnish.inputs", {"kind": kind, **recipe.unsettled.get("input", {})}, place="input")
        try:
            _formed(cast(Assembled, candidate), first)
        except InputError:
            continue
        return _of_tables(cast(Assembled, candidate), train)
    return None


def _of_tables(input: Assembled, train: Sequence[Table]) -> _Formed:
    """The input for one table, with its form; or for several data sets, of which each is read in its own."""
    formed = [_formed(input, table) for table in train]
    if not isinstance(train[0], DataSetTable):
        return _Formed(formed[0][0], (formed[0][1],), train[0].arrow.slice(0, SAMPLE).to_pylist())
    sample = []
    for table, (one, _) in zip(train, formed, strict=True):
        for row in table.arrow.slice(0, SAMPLE // len(train)).to_pylist():
            with suppress(InputError):  # broken ones are told, all of them, when the table is assembled
                sample.append({input.assembled_column: one.assembled(row, "")})
    names = [table.data_set.name for table in train if isinstance(table, DataSetTable)]
    said = tuple(f"{name}: {words}" for name, (_, words) in zip(names, formed, strict=True))
    return _Formed(input.gathered([one for one, _ in formed]), said, sample)
