"""Tables written as the files that they were read from: the same format, in a new place."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from burnish.core.errors import InputError
from burnish.data.reading.endings import kind_of
from burnish.data.table import Table
from burnish.inputs import input_classes

_PIECE = 4096


def name_of(file: Path, taken: set[str]) -> str:
    """A name that no other has: that of the file, with its folder before it where two are called alike."""
    name = file.name or "data"
    if name in taken:
        name = f"{file.parent.name}-{name}"
    while name in taken:
        name = f"again-{name}"
    taken.add(name)
    return name


def write_table(table: Table, original: Path, path: Path, final: Path, label: str) -> str:
    """Write a table at a path; the name of the file or folder that was made.

    CSV is UTF-8 with commas. Formats that cannot be written as they were read become JSON Lines.

    Args:
        table: the rows.
        original: the file or folder that they were read from.
        path: where it goes now.
        final: where `path` will lie in the end: paths in cells are relative to that.
        label: column of labels, which are the folders of class folders.
    """
    if original.is_dir():
        _write_folder(table, original, path, label)
        return path.name
    kind = kind_of(original)
    moved = _moved(table, original.parent, final.parent)
    if kind == "csv":
        path = _named(path, ".csv") if path.suffix.lower() not in (".csv", ".tsv", ".txt") else path
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", lineterminator="\n")
            writer.writerow(table.columns)
            for row in _rows(table, moved):
                writer.writerow(["" if value is None else value for value in row.values()])
    elif kind == "parquet":
        pq.write_table(table.arrow, path)
    elif kind == "json":
        path.write_text(
            json.dumps(list(_rows(table, moved)), ensure_ascii=False, indent=1, default=str), encoding="utf-8"
        )
    else:
        path = path if kind == "jsonl" and path.suffix.lower() in (".jsonl", ".ndjson") else _named(path, ".jsonl")
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in _rows(table, moved))
    return path.name


def _named(path: Path, ending: str) -> Path:
    return path.with_name(path.name.split(".")[0] + ending)


def _rows(table: Table, moved: Mapping[str, tuple[Path, Path]]) -> Any:
    for start in range(0, len(table), _PIECE):
        for row in table.arrow.slice(start, _PIECE).to_pylist():
            for column, (before, now) in moved.items():
                if isinstance(row[column], str) and row[column] and not Path(row[column]).is_absolute():
                    row[column] = os.path.relpath(before / row[column], now)
            yield row


def _moved(table: Table, before: Path, now: Path) -> dict[str, tuple[Path, Path]]:
    """Columns of paths that are relative to the folder of the table."""
    endings = tuple({ending for cls in input_classes().values() for ending in getattr(cls, "endings", ())})
    found = {}
    for column in table.columns:
        sample = [value for value in table.arrow[column].slice(0, 20).to_pylist() if value]
        paths = [value for value in sample if isinstance(value, str) and value.lower().endswith(endings)]
        if paths and len(paths) == len(sample) and all((before / value).is_file() for value in paths):
            found[column] = (before, now)
    return found


def _write_folder(table: Table, original: Path, path: Path, label: str) -> None:
    """Copies of the files, each in the folder of its label.

    Raises:
        InputError: a file has gone, or two would have one name.
    """
    column = next(name for name in table.columns if name != label)
    for row in table.arrow.select([column, label]).to_pylist():
        file = Path(row[column])
        inside = file.relative_to(original)
        place = path / row[label] / Path(*inside.parts[1:])
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            raise InputError(
                f"{row[label]} would have two files called {place.name}", fix="rename one of them", place=str(file)
            )
        shutil.copyfile(file, place)
