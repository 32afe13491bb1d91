"""From tables to the three splits, before anything is learned."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.data.reading.contents import content_hashes
from burnish.data.reading.one_type import require_one_type
from burnish.data.reading.shards import require_names
from burnish.data.splits import NAMES, TEST, TRAIN, VALIDATION, Split
from burnish.data.table import Part, Table
from burnish.data.truths import strata_of
from burnish.inputs import Input
from burnish.targets import Target

_FEW = 20


def divide(
    tables: Mapping[str, Table],
    split: Split,
    input: Input,
    target: Target,
    *,
    seed: int,
    allow: Collection[str] = (),
    notify: Callable[[str, int, int], None] | None = None,
) -> dict[str, Part]:
    """The rows of `train`, `validation` and `test`.

    Args:
        tables: `train`, and `validation` and `test` where files were given for them; the others are made from train.
        split: how they are made.
        input: which columns are read; `audited_text` is the content that never lies in two made splits.
        target: its column, and its classes (`strata`; nothing needs to be learned yet).
        seed: of the split.
        allow: `empty_split` accepts a validation or test split without rows.
        notify: told how many rows are done.

    Raises:
        InputError: a table lacks a column (nearest offered), there are fewer rows than splits, or a split is empty.
    """
    for table in tables.values():
        require_columns(table, (*input.required_columns, target.column))
    train = tables["train"]
    wanted = ("validation" not in tables, "test" not in tables)
    assigned, alike = np.zeros(len(train), np.int8), ""
    if any(wanted):
        _enough(train, split, wanted)
        known = train.inspection  # files are compared by what is in them, not by their names
        contents = (
            content_hashes(train, input.audited_columns, input.audited_text, notify)
            if known is None
            else known.contents
        )
        if (contents == contents[0]).all():  # equal rows never lie in two splits
            alike = "; all have the same " + " and ".join(map(repr, input.required_columns))
        assigned = split.assign(train, contents, _strata(train, target), seed=seed, parts=wanted)
        alike = alike or _units(split, train, contents)
    parts = {}
    for number, name in ((TRAIN, "train"), (VALIDATION, "validation"), (TEST, "test")):
        if number != TRAIN and not wanted[number - 1]:
            parts[name] = whole(tables[name])
        else:
            parts[name] = Part(train, np.flatnonzero(assigned == number).astype(np.int64))
        if not len(parts[name]) and (name == "train" or "empty_split" not in allow):
            raise _empty(name, train, split, wanted, alike)
    return parts


def _strata(train: Table, target: Target) -> NDArray[np.int64]:
    """[N] class numbers; of several data sets, those of each are classes of their own, so that splits keep their shares."""
    strata = strata_of(whole(train), target)
    several = len(train.data_sets)
    return strata if several < 2 else (strata + 1) * several + train.data_set_numbers


def whole(table: Table) -> Part:
    """All rows of a table."""
    return Part(table, np.arange(len(table), dtype=np.int64))


def require_columns(table: Table, columns: Collection[str], *, place: str = "") -> None:
    """Check that a table has these columns, each of one type; `place` is what asked for them, and else the file is named.

    Raises:
        InputError: naming the missing one, the file, the columns there are and the nearest spelling; or the first row
            whose value has another type than those before.
    """
    require_names(table.columns, columns, place=place or (table.origins[0].path if table.origins else ""))
    require_one_type(table, columns)


def _enough(train: Table, split: Split, wanted: tuple[bool, bool]) -> None:
    needed = 1 + sum(w and share > 0 for w, share in zip(wanted, (split.validation, split.test), strict=True))
    if len(train) < needed:
        raise InputError(
            f"{len(train)} {'row' if len(train) == 1 else 'rows'} for {needed} splits",
            expected="more rows than splits, and several of each class",
            fix="add rows, or give files for validation and test",
            place=train.origins[0].path if train.origins else "",
        )


def _units(split: Split, train: Table, contents: NDArray[np.uint64]) -> str:
    """How many things that stay together there are, where they are so few that a split may have got none."""
    keys = split.together(train, contents)
    count = 0 if keys is None else int((keys == 0).sum()) + len(np.unique(keys[keys != 0]))
    return f"; it has {count:,} {split.unit}, which stay whole" if keys is not None and count < _FEW else ""


def _empty(name: str, train: Table, split: Split, wanted: tuple[bool, bool], alike: str) -> InputError:
    made = name == "train" or wanted[NAMES.index(name) - 1]
    fix = "give a file for it, add rows, or change the shares" if made else "give a file with rows"
    return InputError(
        f"the {name} split is empty ({split.kind()} split of {len(train)} rows{alike})"
        if made
        else f"the {name} file is empty",
        expected="at least one row in each split",
        fix=fix if name == "train" else f"{fix}; `allow: [empty_split]` goes on without it",
        place=train.origins[0].path if made and train.origins else f"data.{name}",
    )
