"""Rows that become several: after the splits are made, so that what people wrote is held out whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.processor import Processor
from burnish.data.reading.placing import folder_of
from burnish.data.table import Part, Table
from burnish.inputs import Input, Unfolded, Unfolding
from burnish.targets import Divided, Target

SOURCE_ROW = "_source_row"
PIECE = 512  # rows that are unfolded at a time

Notify = Callable[[str, int, int], None]


@dataclass(frozen=True)
class UnfoldedTable(Table):
    """N rows that some rows of another table became.

    Attributes:
        source: that table.
        source_rows: int64 [N], of which row of it each is, ascending.
        key: of what they were unfolded with.
    """

    source: Table = field(default_factory=lambda: Table(pa.table({}), ()))
    source_rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64), compare=False)
    key: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the other table, of which rows of it, and of what they were unfolded with."""
        rows = hashlib.sha256(np.ascontiguousarray(self.source_rows).tobytes()).hexdigest()
        return hashlib.sha256("\n".join([self.source.fingerprint, rows, self.key]).encode()).hexdigest()

    @property
    def group(self) -> str:
        """The column with the row of the other table: rows of one are resampled together."""
        return SOURCE_ROW

    @cached_property
    def data_set_numbers(self) -> NDArray[np.int64]:
        """[N] the place in `data_sets` of the one that the row it became of is of."""
        return self.source.data_set_numbers[self.source_rows]

    def place(self, row: int) -> str:
        """Where the row came from, and which of its pieces this is, where there are several."""
        source = int(self.source_rows[row])
        first, end = np.searchsorted(self.source_rows, [source, source + 1])
        return self.source.place(source) + (f", part {row - first + 1} of {end - first}" if end - first > 1 else "")


def unfolded_parts(
    parts: Mapping[str, Part],
    input: Input,
    target: Target,
    processor: Processor,
    columns: Collection[str] = (),
    notify: Notify | None = None,
    say: Callable[[str], None] | None = None,
    cache: Path | None = None,
) -> dict[str, Part]:
    """The splits with their rows unfolded; as they are where the input does not unfold.

    Args:
        parts: as they were divided.
        input, processor: as in `Input.encode`.
        target: what is learned of the rows.
        columns: what else of the rows is kept; what the input reads is in any case.
        notify: told how many rows are done.
        say: told what became of them.
        cache: folder for what is computed of rows once; None: nothing is kept.

    Raises:
        InputError: a row that cannot be read (its place is named), or a split in which nothing is left.
    """
    if not isinstance(input, Unfolded) and not isinstance(target, Divided):
        return dict(parts)
    made = {}
    read_with = [json.dumps(one.model_dump(mode="json"), sort_keys=True) for one in (input, target)]
    for name, part in parts.items():
        held_out = name != "train"
        if isinstance(target, Divided):
            folder = folder_of(part.table.origins[0].path) if part.table.origins else Path()
            how = target.unfolding(processor, folder, cache)
        else:
            how = cast("Unfolded", input).unfolding(processor.for_input, target, held_out=held_out)
        key = "\n".join([*read_with, processor.fingerprint(), str(held_out)])
        made[name] = _unfolded(name, part, input, how, key, columns, notify)
        for sentence in how.said():
            if say:
                say(sentence)
    return made


def kept_columns(target: Target, group: str | None) -> list[str]:
    """The columns that are asked for beside those of the input: of the target, and of groups."""
    return [target.column, *([group] if group else [])]


def as_written(part: Part) -> Part:
    """The rows of a split as people wrote them."""
    table = part.table
    if not isinstance(table, UnfoldedTable):
        return part
    return Part(table.source, np.unique(table.source_rows[part.rows]))


def said_of(parts: Mapping[str, Part], input: Input, processor: Processor) -> str:
    """How many rows became how many, in words; empty where none was unfolded."""
    counts = [
        f"{name} {len(np.unique(part.table.source_rows)):,} in {len(part):,}"
        for name, part in parts.items()
        if isinstance(part.table, UnfoldedTable)
    ]
    if not any(len(part) != len(as_written(part)) for part in parts.values()):
        return ""
    at_most = f" of at most {processor.limit:,} tokens" if processor.limit is not None else ""
    return f"{input.thing}s in examples{at_most}: {', '.join(counts)}"


def _unfolded(
    name: str,
    part: Part,
    input: Any,
    how: Unfolding,
    key: str,
    columns: Collection[str],
    notify: Notify | None,
) -> Part:
    read = list(dict.fromkeys([*input.required_columns, *how.columns]))
    cells: dict[str, list[Any]] = {column: [] for column in read}
    pieces: list[pa.Table] = []
    sources: list[int] = []
    for start in range(0, len(part), PIECE):
        rows = part.rows[start : start + PIECE]
        for row, example in zip(rows.tolist(), part.table.take(rows, read).to_pylist(), strict=True):
            for made in _of_row(how, example, part.table, row):
                sources.append(row)
                for column in read:
                    cells[column].append(made[column])
        pieces.append(pa.table(cells, schema=pieces[0].schema if pieces and len(pieces[0]) else None))
        cells = {column: [] for column in read}
        if notify:
            notify(f"cutting {input.thing}s", start + len(rows), len(part))
    if not sources:
        raise InputError(
            f"nothing is left of the {input.thing}s of the {name} split",
            expected="texts, and replies of a weight above 0 in conversations",
            fix="look at the rows; name another column: --input COLUMN",
        )
    return _part(part, pieces, np.array(sources, np.int64), key + how.key(), columns)


def _of_row(how: Unfolding, example: Any, table: Table, row: int) -> list[Any]:
    try:
        return how.rows(example, table.place(row))
    except InputError as error:
        raise InputError(error.found, expected=error.expected, fix=error.fix, place=table.place(row)) from None


def _part(
    part: Part,
    pieces: list[pa.Table],
    sources: NDArray[np.int64],
    key: str,
    columns: Collection[str],
) -> Part:
    order = np.argsort(sources, kind="stable")
    arrow = pa.concat_tables([piece for piece in pieces if len(piece)])
    if (np.diff(order) != 1).any():
        arrow = arrow.take(pa.array(order))
    sources = sources[order]
    for column in columns:
        if column in part.table.columns and column not in arrow.column_names:
            arrow = arrow.append_column(column, part.table.take(sources, [column])[column])
    arrow = arrow.append_column(SOURCE_ROW, pa.array(sources + 1))
    table = UnfoldedTable(arrow, part.table.origins, source=part.table, source_rows=sources, key=key)
    return Part(table, np.arange(len(sources), dtype=np.int64))
