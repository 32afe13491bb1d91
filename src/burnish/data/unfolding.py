"""Rows of a split made those that a network learns from or answers: replies of conversations, windows of documents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from burnish.core.processor import Processor
from burnish.data.table import Part, Table
from burnish.targets import Target, Unfolded

Notify = Callable[[str, int, int], None]
_TOLD = 256  # rows between two words of progress


def unfold(
    part: Part,
    target: Target,
    processor: Processor,
    *,
    held_out: bool,
    say: Callable[[str], None] | None = None,
    notify: Notify | None = None,
) -> Part:
    """The rows that those of a split become; the same part where each becomes itself.

    Args:
        part: of a split that was made: what is made of one row stays in its split.
        target: as it was learned.
        processor: what the run encodes with.
        held_out: whether the rows are tested on.
        say: told what became of them.
        notify: told how far it is.

    Raises:
        InputError: a row that cannot be read (file and row named), or nothing is left to learn.
    """
    if not isinstance(target, Unfolded):
        return part
    how = target.unfolding(processor, held_out=held_out)
    cells: list[Any] = []
    sources: list[int] = []
    changed = False
    for number, (row, cell) in enumerate(zip(part.rows.tolist(), part.cells(target.column), strict=True)):
        made = list(how.rows(cell, part.table.place(row)))
        changed = changed or made != [cell]
        cells += made
        sources += [row] * len(made)
        if notify and number % _TOLD == 0:
            notify("rendering", number, len(part))
    if notify:
        notify("rendering", len(part), len(part))
    for sentence in how.said():
        if say:
            say(sentence)
    return _part(part.table, target.column, cells, np.array(sources, np.int64)) if changed else part


def _part(table: Table, column: str, cells: list[Any], sources: np.ndarray[Any, np.dtype[np.int64]]) -> Part:
    others = [name for name in table.columns if name != column]
    arrow = table.take(sources, others).append_column(column, pa.array(cells, table.arrow.schema.field(column).type))
    made = hashlib.sha256(table.made.encode() + sources.tobytes())
    for cell in cells:
        made.update(str(cell).encode("utf-8", "surrogatepass") + b"\0")
    whence = sources if table.sources is None else table.sources[sources]
    unfolded = Table(arrow, table.origins, table.notes, table.left_out, sources=whence, made=made.hexdigest())
    return Part(unfolded, np.arange(len(unfolded), dtype=np.int64))
