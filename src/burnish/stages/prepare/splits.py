"""The rows of a run, or of other data, from their files to splits: the one way, whoever asks for them.

Train reads the rows of a recipe, an export and a comparison read them again as a bundle says, and evaluate reads rows that
no split is made of. What differs between them are arguments of `read_tables` and `read_splits`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.data_set import named_sets
from burnish.data.joining import DataSetTable, file_of, joined
from burnish.data.looking.file_parts import with_parts
from burnish.data.looking.inspection import inspected, require_files
from burnish.data.parts import require_columns, whole
from burnish.data.reading.placing import placed
from burnish.data.reading.tables import read, read_parts
from burnish.data.settings import Data, cache_folder
from burnish.data.table import Part, Table
from burnish.inputs import FromFiles, Input
from burnish.recipe.recipe import Recipe
from burnish.stages.given_columns import GivenColumns
from burnish.stages.prepare.assembling import with_rows
from burnish.stages.prepare.data_sets import named_alike, rows_of_each
from burnish.stages.prepare.dividing import Divided, divided
from burnish.stages.prepare.target_numbers import numbers_read
from burnish.targets import Target

GIVEN = "given"
"""The name of the one split of rows that are not divided."""

Notify = Callable[[str, int, int], None]
Say = Callable[[str], None]


def read_tables(
    data: Data,
    target: Target | None,
    column: str | None = None,
    *,
    usual: Sequence[str] = (),
    say: Say | None = None,
    notify: Notify | None = None,
) -> dict[str, Table]:
    """The tables that are named as train, validation and test, numbers of the target read as numbers.

    Of several data sets each is a table of its own, as it was read: see `data_sets.named_alike`.

    Args:
        data: where they are, folders of splits already taken apart.
        target: as far as it is known: None where the recipe names no kind.
        column: of the target, where only that is named.
        usual: columns that are taken for the target where none is named.
        say: told what was decided while reading.
        notify: told how far reading is.

    Raises:
        InputError: see the sources; or how numbers of the target are written cannot be told.
    """
    tables = read_parts(data, notify=notify)
    if say is not None:
        for table in tables.values():
            audited = {words for _, words in table.left_out}  # said by the audit
            for note in table.notes:
                if note not in audited:
                    say(note)
    whole_splits = {name: table for name, table in tables.items() if not isinstance(table, DataSetTable)}
    return {**tables, **numbers_read(target, column, whole_splits, usual, say)} if whole_splits else tables


def read_given(data: Any, target: Target, given: GivenColumns) -> Table:
    """Labelled rows that were given beside a trained model, with the columns called as it knows them.

    Raises:
        InputError: see the sources; or a column that the model needs is not there.
    """
    settings = data if isinstance(data, Data) else Data(train=data)
    if named_sets(settings.train):
        return _several_given(settings, target, given)
    table = read(data)
    given.require(table.columns, place=table.origins[0].path if table.origins else "")
    require_columns(table, given.names)
    if given.called:
        names = given.renamed(table.columns)
        table = replace(
            table, arrow=table.arrow.select(list(names)).rename_columns(list(names.values())), read_cells={}
        )
    if given.assembler is not None:
        table = with_rows({GIVEN: table}, given.assembler, cache_folder(None))[GIVEN]
    return numbers_read(target, None, {GIVEN: table})[GIVEN]


def _several_given(data: Data, target: Target, given: GivenColumns) -> Table:
    """The same of several data sets, of which each may name its own columns; those named for all hold for the others."""
    sets = [s.model_copy(update={"columns": {**given.called, **s.columns}}) for s in named_sets(data.train)]
    tables = read_parts(data.model_copy(update={"train": tuple(sets)}))
    if given.assembler is not None:
        tables = with_rows(tables, given.assembler, cache_folder(None))
    tables = named_alike(tables, target, None)
    for table in tables.values():
        if given.assembler is None:
            replace(given, called={}).require(table.columns, place=file_of(table))
    return joined(tables)["train"]


def read_splits(
    tables: Mapping[str, Table],
    input: Input,
    target: Target,
    cache: Path,
    *,
    division: Recipe | None,
    beside_tables: bool,
    keeps_shared_rows: bool = False,
    notify: Notify | None = None,
) -> Divided:
    """The splits of tables that were read, with what is known of the files that rows are.

    Args:
        tables: of `read_tables`; or `GIVEN` alone.
        input, target: as they were settled; names need not be learned yet.
        cache: folder in which looks at files are kept.
        division: the recipe that says how splits are made, by its split, group, seed and what it allows; None: every table
            is one split with all of its rows.
        beside_tables: whether relative paths are looked for beside their own table first; else below `input.root` alone,
            as where a recipe names one.
        keeps_shared_rows: leave rows that splits share where they are, for runs and bundles that burnish 0.7.0 made.
        notify: told how far it is.

    Raises:
        InputError: none of the files that rows name is there, or see `divided`.
    """
    root = getattr(input, "root", None) if beside_tables else None
    inspected_tables = {}
    for name, table in tables.items():
        whole_files = with_parts(table, input) if isinstance(input, FromFiles) else table
        inspected_tables[name] = inspected(placed(whole_files, input, root), input, cache, notify)
        require_files(inspected_tables[name], input)
    if division is None:
        return Divided({name: whole(table) for name, table in inspected_tables.items()})
    return divided(inspected_tables, division, input, target, keep=keeps_shared_rows, notify=notify)


def split_hashes(part: Part) -> dict[str, Any]:
    """Of one split: how many rows, a hash of which, of the table they are in and of the files they name; its files."""
    hashes: dict[str, Any] = {
        "rows": len(part),
        "which": _array_hash(np.ascontiguousarray(part.rows, np.int64)),
        "table": part.table.fingerprint,
    }
    if part.table.inspection is not None:
        hashes["contents"] = _array_hash(part.table.inspection.contents[part.rows])
    if part.table.data_sets:
        hashes["data_sets"] = rows_of_each(part)
    return {
        **hashes,
        "files": [{"path": o.path, "sha256": o.sha256, "rows": o.rows} for o in part.table.origins],
    }


def _array_hash(values: NDArray[Any]) -> str:
    return hashlib.sha256(values.tobytes()).hexdigest()
