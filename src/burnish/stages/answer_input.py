"""What is to be answered: any readable table, a folder of files, or JSON lines from standard input."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from burnish.core.errors import InputError
from burnish.data.parts import require_columns
from burnish.data.reading import read
from burnish.data.table import Table
from burnish.inputs import Input
from burnish.stages.answering import ADDED

STANDARD_INPUT = "-"


def table_of(data: str, input: Input, spool: Path) -> Table:
    """The rows, memory-mapped.

    Args:
        data: a table, glob or folder of shards; a folder of images or sounds where the model reads those; `-`.
        input: what the model reads.
        spool: a folder that standard input is kept in while it is read.

    Raises:
        InputError: nothing there, a column is missing, or one is called like a column that is added.
    """
    if data == STANDARD_INPUT:
        table = read(_spooled(spool))
    elif input.endings and (files := files_below(Path(data).expanduser(), input.endings)):
        table = read({input.required_columns[0]: files})
    else:
        table = read(data)
    require_columns(table, input.required_columns)
    taken = [name for name in ADDED if name in table.columns]
    if taken:
        raise InputError(
            f"column {taken[0]!r} is in the input already", fix="rename it: it would be overwritten", place=data
        )
    return table


def root_of(data: str, input: Input) -> str | None:
    """What relative paths in the rows are relative to: the folder of the table; None for rows that are no files."""
    if not input.endings:
        return None
    path = Path(data).expanduser()
    return str((path if path.is_dir() else path.parent).absolute()) if data != STANDARD_INPUT else os.getcwd()


def files_below(folder: Path, endings: tuple[str, ...]) -> list[str]:
    """Visible files with these endings in a folder and all folders below it, by their paths; [] where there are none."""
    if not folder.is_dir():
        return []
    found = []
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [str(Path(here) / n) for n in names if n.lower().endswith(endings) and not n.startswith(".")]
    return sorted(found)


def _spooled(folder: Path) -> Path:
    """Standard input as a file: memory does not grow with it, and an interrupted run can tell whether it is the same."""
    path = folder / "standard-input.jsonl"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    return path


class Windows:
    """A table cut into pieces of bounded size: always in the same places, so that an interrupted run finds them again.

    Args:
        table: the rows.
        rows: most rows a piece has; a piece never crosses the pieces the table was read in, which are bounded in bytes.
    """

    def __init__(self, table: Table, rows: int) -> None:
        self._batches = table.arrow.to_batches()
        places = [(b, s) for b, batch in enumerate(self._batches) for s in range(0, batch.num_rows, rows)]
        self._places, self._rows = np.array(places, np.int64).reshape(-1, 2), rows

    def __len__(self) -> int:
        return len(self._places)

    def numbered(self, done: set[int]) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Number and rows of the pieces that are not done."""
        for number in range(len(self)):
            if number not in done:
                batch, start = self._places[number].tolist()
                yield number, self._batches[batch].slice(start, self._rows)
