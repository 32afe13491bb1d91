"""Rows that are files, looked at once before anything is decided: what is equal, what is broken, how large it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.data.looking.file_index import BATCH, MISSING, FileIndex, Notify
from burnish.data.looking.file_parts import parts_of_files
from burnish.data.reading.contents import content_hash
from burnish.data.table import Inspection, Part, Table
from burnish.inputs import FromFiles, Input

EXPLAINED = 20
"""Missing files of which it is said what is there instead."""
EMPTY = "the cell is empty"


def inspected(table: Table, input: Input, cache: Path, notify: Notify | None = None) -> Table:
    """The table with what is known of its files; the same table where rows are no files.

    Raises:
        InputError: the column is missing, or the cache cannot be written.
    """
    if not isinstance(input, FromFiles):
        return table
    for column in input.required_columns:
        if column not in table.columns:
            return table  # said with the nearest name by `divide`
    contents, problems, assumed = np.zeros(len(table), np.uint64), dict[int, str](), dict[str, list[int]]()
    pieces: list[pa.Table] = []
    parts = parts_of_files(table, input)
    with FileIndex(cache, input.look, input.look_version()) as index:
        waiting: list[dict[str, Any]] = []
        for row, seen in enumerate(index.seen(_files(table, input, assumed), len(table), notify)):
            facts = dict(seen.facts)
            nothing = "" if seen.sha256 or facts else EMPTY
            outside = parts[row].outside(facts.get("seconds")) if parts and "problem" not in facts else ""
            if problem := facts.pop("problem", nothing or outside):
                problems[row] = problem
                facts = {}
            contents[row] = content_hash(facts.pop("content", None))
            if contents[row] and parts and parts[row].cells:
                contents[row] = content_hash(f"{contents[row]} {parts[row].cells}")
            waiting.append(facts)
            if len(waiting) == BATCH:
                pieces.append(_piece(waiting))
                waiting = []
        pieces.append(_piece(waiting))
    facts_of_all = pa.concat_tables(pieces, promote_options="default")
    known = Inspection(contents, problems, facts_of_all, assumed, _instead(table, input, problems))
    return replace(table, inspection=known)


def _instead(table: Table, input: Input, problems: dict[int, str]) -> dict[int, str]:
    if not isinstance(input, FromFiles):
        return {}
    missing = [row for row, problem in problems.items() if problem == MISSING][:EXPLAINED]
    columns = list(input.required_columns)
    reasons = {row: input.why_missing(table.arrow.slice(row, 1).select(columns).to_pylist()[0]) for row in missing}
    return {row: why for row, why in reasons.items() if why}


def require_files(table: Table, input: Input) -> None:
    """That at least one of the files that a table names is there.

    Raises:
        InputError: none is, with where they were looked for and what is there instead.
    """
    inspection = table.inspection
    if inspection is None or not len(table) or len(inspection.problems) < len(table):
        return
    if not inspection.instead or not set(inspection.problems.values()) <= {MISSING, EMPTY}:
        return
    row, first = next(iter(inspection.instead.items()))
    raise InputError(
        f"none of the {len(table):,} {input.thing} files in column {input.required_columns[0]!r} is there: {first}",
        expected="paths that are absolute, or relative to input.root, else to the folder of the table",
        fix="correct the column, or name the folder: input.root=FOLDER",
        place=table.place(row),
    )


def without_problems(parts: Mapping[str, Part]) -> dict[str, Part]:
    """The parts without rows whose files cannot be read.

    Raises:
        InputError: nothing is left of a part.
    """
    kept = {}
    for name, part in parts.items():
        inspection = part.table.inspection
        broken = np.array(sorted(inspection.problems) if inspection else [], np.int64)
        kept[name] = Part(part.table, part.rows[~np.isin(part.rows, broken)])
        if len(part) and not len(kept[name]):
            first = int(part.rows[0])
            why = inspection.problems[first] if inspection else ""
            raise InputError(
                f"none of the {len(part)} files of the {name} split can be read: {why}",
                fix="check the paths (input.root is the folder they are relative to) and the files",
                place=part.table.place(first),
            )
    return kept


def learned(input: Input, parts: Mapping[str, Part]) -> tuple[Input, str]:
    """The input with what it learns from the files of the training split, and that in words; see `FromFiles.learned`.

    Raises:
        InputError: what was found contradicts itself.
    """
    known = {name: part.table.inspection for name, part in parts.items()}
    if (
        not isinstance(input, FromFiles)
        or not input.learned_facts
        or any(inspection is None for inspection in known.values())
    ):
        return input, ""
    return input.learned({name: _facts(part, input.learned_facts) for name, part in parts.items()})


def _facts(part: Part, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    inspection = part.table.inspection
    assert inspection is not None
    columns = {name: inspection.facts[name].take(part.rows) for name in names if name in inspection.facts.column_names}
    return {
        name: columns[name].to_numpy() if name in columns else np.full(len(part), np.nan, np.float64) for name in names
    }


def _files(table: Table, input: Input, assumed: dict[str, list[int]]) -> Iterator[Path | bytes | None]:
    if not isinstance(input, FromFiles):
        return
    # Few at a time: rows may hold the bytes themselves.
    number = 0
    for rows in table.rows(list(input.required_columns), batch=256):
        for row in rows:
            file, how = input.assumed(row)
            if how:
                assumed.setdefault(how, []).append(number)
            number += 1
            yield file


def _piece(facts: list[dict[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for row in facts for name in row)
    if not names:  # a table of no columns would forget how many rows it has
        return pa.table({"_": pa.nulls(len(facts))})
    return pa.table({name: [row.get(name) for row in facts] for name in names})
