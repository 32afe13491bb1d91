"""`burnish audit --apply`: a new data set as a review says; the original is never touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from burnish.core.errors import InputError, nearest
from burnish.core.files import folder_aside, require_writable, sha256, write_json
from burnish.data.cells import Cells
from burnish.data.reading.tables import read
from burnish.data.settings import Data
from burnish.data.table import Table
from burnish.stages.audit.decided import Decided, Decision, read_review
from burnish.stages.audit.writing import name_of, write_table

Say = Callable[[str], None]


def apply(review: Path, out: Path, say: Say, data: Data | None = None) -> dict[str, Any]:
    """Write the files that a review is of anew, without rows that it removes and with the labels that it gives.

    The folder appears whole or not at all. `applied.json` in it says what was done.

    Args:
        review: review.csv, edited.
        out: a new folder.
        say: told what is done.
        data: how files are read, where that cannot be told from them.

    Raises:
        InputError: the review is of other data (by its hash), a line cannot be followed, or the folder is there already.
    """
    if out.exists():
        raise InputError("the folder is there already", fix="choose another --out", place=str(out))
    decided = read_review(review)
    if not decided.files:
        raise InputError("the review has no lines", fix="there is nothing to apply", place=str(review))
    require_writable(out)
    tables = {file: _read(file, hashed, review, data) for file, hashed in decided.files.items()}
    changed = {file: _changed(table, _of(file, decided), decided, review) for file, table in tables.items()}
    made = _write(changed, tables, decided, review, out)
    for entry in made["files"]:
        say(
            f"{entry['written']}: {entry['rows']:,} rows, {entry['relabelled']:,} relabelled, {entry['removed']:,} removed"
        )
    return made


def _of(file: str, decided: Decided) -> list[Decision]:
    return [one for one in decided.decisions if one.file == file]


def _read(file: str, hashed: str, review: Path, data: Data | None) -> Table:
    """The table of a file.

    Raises:
        InputError: it is not there, or not as it was when it was audited.
    """
    if not file or not Path(file).exists():
        raise InputError(
            f"{file or 'data without a file'} is not there",
            expected="the data that was audited, at the same place",
            fix="run this in the folder in which the audit was run",
            place=str(review),
        )
    settings = Data(train=file) if data is None else data.model_copy(update={"train": file})
    table = read(settings)
    found = table.origins[0].sha256
    if len(table.origins) != 1 or found != hashed:
        raise InputError(
            f"{file} is not the data that this review is of: its hash is {found[:12]}, and that of the review {hashed[:12]}",
            expected="the file as it was when it was audited",
            fix="audit it again: burnish audit",
            place=str(review),
        )
    return table


def _changed(table: Table, decisions: Sequence[Decision], decided: Decided, review: Path) -> tuple[Table, int, int]:
    """The table as decided, and how many labels were changed and rows removed."""
    column, file = decided.column, table.origins[0].path
    if column not in table.columns:
        raise InputError(f"{file} has no column {column!r}", place=str(review))
    cells = table.arrow[column].to_pylist()
    known = {_written(cell) for cell in cells if cell is not None}
    gone: set[int] = set()
    for one in decisions:
        if one.row > len(table):
            raise InputError(f"{file} has {len(table):,} rows, and no row {one.row}", place=one.place)
        if one.what == "remove":
            gone.add(one.row - 1)
            continue
        cells[one.row - 1] = _cell(one, cells[one.row - 1], known, table.arrow.schema.field(column).type)
    kept = [row for row in range(len(table)) if row not in gone]
    kind = table.arrow.schema.field(column).type
    arrow = table.arrow.set_column(table.columns.index(column), column, pa.chunked_array([pa.array(cells, kind)]))
    relabelled = sum(one.what == "relabel" for one in decisions)
    return (
        replace(table, arrow=arrow.take(pa.array(kept, pa.int64())), read_cells=dict[str, Cells]()),
        relabelled,
        len(gone),
    )


def _written(cell: Any) -> str:
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str)


def _cell(one: Decision, before: Any, known: set[str], kind: Any) -> Any:
    """The new cell, in the type of the column.

    Raises:
        InputError: a name that no row has, or no value of that type.
    """
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        if len(known) < 1000 and one.label not in known and not _is_number(one.label):
            guess = nearest(one.label, sorted(known))
            raise InputError(
                f"label {one.label!r} is none of the data's",
                expected=f"one of {', '.join(sorted(known)[:20])}" + (f"; did you mean {guess!r}?" if guess else ""),
                place=one.place,
            )
        return one.label
    try:
        value = json.loads(one.label)
        return pa.array([value], kind)[0].as_py()
    except (ValueError, pa.ArrowException) as error:
        raise InputError(
            f"label {one.label!r} is no {kind}", expected=f"a value such as {_written(before)}", place=one.place
        ) from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _write(
    changed: dict[str, tuple[Table, int, int]], tables: dict[str, Table], decided: Decided, review: Path, out: Path
) -> dict[str, Any]:
    entries: list[dict[str, Any]] = []
    with folder_aside(out, manifest=False) as folder:
        names: set[str] = set()
        for file, (table, relabelled, removed) in changed.items():
            name = name_of(Path(file), names)
            written = write_table(table, Path(file), folder / name, out / name, decided.column)
            entry = {
                "file": file,
                "sha256": tables[file].origins[0].sha256,
                "written": str(out / written),
                "rows": len(table),
            }
            entries.append({**entry, "relabelled": relabelled, "removed": removed})
        made = {"review": str(review), "review_sha256": sha256(review), "files": entries}
        write_json(folder / "applied.json", made)
    return made
