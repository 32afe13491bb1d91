"""What is to be answered: any readable table, a folder of files, or JSON lines from standard input."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from glob import glob
from pathlib import Path
from typing import Any

from burnish.answering.isolating import ADDED, ENDED, TAGGED
from burnish.core.errors import InputError
from burnish.data.reading.visible import visible
from burnish.inputs import Input, endings_of
from burnish.stages.given_columns import GivenColumns
from burnish.stages.predict.rows import InputRows, arrow_there

STANDARD_INPUT = "-"


def rows_of(
    data: str, input: Input, spool: Path, given: GivenColumns | None = None, more: Sequence[str] = ()
) -> InputRows:
    """The rows, memory-mapped in Arrow, or in a file where pyarrow is not installed.

    Args:
        data: a table, glob or folder of shards; an image or sound, a glob or folder of them where the model reads those; `-`.
        input: what the model reads.
        spool: a folder that standard input is kept in while it is read.
        given: what its columns are called in the rows; None: as in training.
        more: columns that are added of this bundle alone.

    Raises:
        InputError: nothing there, a column is missing, or one is called like a column that is added.
    """
    given = given or GivenColumns.of(input)
    source: Any = data
    if data == STANDARD_INPUT:
        source = str(_spooled(spool))
    elif endings_of(input) and (files := files_named(data, endings_of(input))):
        source = {given.names[0]: files}
    rows = _read(source, given, spool)
    if isinstance(source, dict) and (note := _not_read(Path(data).expanduser(), input)):
        rows.notes = (*rows.notes, note)
    added = [*ADDED, *more, *[TAGGED] * ("element" in input.shapes), *[ENDED] * ("sequence" in input.shapes)]
    taken = [name for name in added if name in rows.columns]
    if taken:
        raise InputError(
            f"column {taken[0]!r} is in the input already", fix="rename it: it would be overwritten", place=data
        )
    return rows


def _read(data: Any, given: GivenColumns, spool: Path) -> InputRows:
    if arrow_there():
        from burnish.stages.predict.rows_arrow import ArrowRows

        return ArrowRows(data, given)
    from burnish.stages.predict.rows_plain import PlainRows

    return PlainRows(data, given, spool)


def root_of(data: str, input: Input) -> str | None:
    """What relative paths in the rows are relative to: the folder of the table; None for rows that are no files.

    Files that are named themselves are named from the working folder.
    """
    if not endings_of(input):
        return None
    path = Path(data).expanduser()
    if data != STANDARD_INPUT and _names_files(path, data, endings_of(input)):
        return os.getcwd()
    return str((path if path.is_dir() else path.parent).absolute()) if data != STANDARD_INPUT else os.getcwd()


def _not_read(folder: Path, input: Input) -> str:
    """Files in a folder that are no rows, in words; empty where there are none."""
    if not folder.is_dir():
        return ""
    others = [name for name in _below(folder, ("",)) if not name.lower().endswith(endings_of(input))]
    counts = Counter(Path(name).suffix.lower() or "no ending" for name in others)
    kinds = ", ".join(f"{count:,} {ending}" for ending, count in counts.most_common(5))
    shown = ", ".join(sorted(others)[:3])
    return f"{len(others):,} files are no {input.thing}s and not predicted ({kinds}; such as {shown})" if others else ""


def _names_files(path: Path, data: str, endings: tuple[str, ...]) -> bool:
    if path.is_dir():
        return next(_below(path, endings), None) is not None
    return bool(files_named(data, endings))


def files_named(data: str, endings: tuple[str, ...]) -> list[str]:
    """The file, the files of the glob, or those below the folder, where they have these endings; [] otherwise."""
    path = Path(data).expanduser()
    if path.is_dir():
        return files_below(path, endings)
    there = [str(path)] if path.is_file() else sorted(m for m in glob(str(path), recursive=True) if Path(m).is_file())
    return there if all(name.lower().endswith(endings) for name in there) else []


def files_below(folder: Path, endings: tuple[str, ...]) -> list[str]:
    """Visible files with these endings in a folder and all folders below it, by their paths; [] where there are none."""
    return sorted(_below(folder, endings)) if folder.is_dir() else []


def _below(folder: Path, endings: tuple[str, ...]) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if visible(name)]
        yield from (str(Path(here) / n) for n in names if n.lower().endswith(endings) and visible(n))


def _spooled(folder: Path) -> Path:
    """Standard input as a file: memory does not grow with it, and an interrupted run can tell whether it is the same."""
    path = folder / "standard-input.jsonl"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    return path
