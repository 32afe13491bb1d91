"""The table of predictions: the only thing metrics, intervals, comparisons and plots ever see."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.files import file_aside

DATA_SET = "data_set"
"""The column that names the data set of each row, where a run has several."""


def schema(
    target_kind: str,
    names: Sequence[str],
    answer_type: pa.DataType,
    settings: Mapping[str, Any] | None = None,
    columns: Sequence[str] = (),
) -> pa.Schema:
    """The Arrow schema of a predictions file.

    Args:
        target_kind, names: kind of the target, and the names of its logits; they travel in the metadata.
        answer_type: of predictions and labels.
        settings: the target as plain values, which travels there too, so that evaluation knows learned thresholds;
            None: as in burnish 0.8.0 and older, without `weight` and `columns`.
        columns: numbers that the target declares of each row: corpus scores are their sums, divided once.
    """
    fields = [
        ("row", pa.int64()),  # position in the table of the split, counted from 0 here and from 1 in files
        ("truth", answer_type),  # in the words of the data; null where it is missing
        ("answer", answer_type),  # or the path of a file, relative to the folder of the table
        ("probabilities", pa.list_(pa.float32())),  # [C] in the order of the names; empty for regression and tags
        ("loss", pa.float32()),  # mean loss of the row, unweighted; null where there is no truth
        ("group", pa.string()),  # rows of one group are resampled together; null where there are no groups
    ]
    metadata = {"target": target_kind, "names": json.dumps(list(names))}
    if settings is not None:
        fields.append(("weight", pa.float32()))  # of the row in the mean loss: how many of its elements have a truth
        fields += [(name, pa.float64()) for name in columns]
        metadata["settings"] = json.dumps(dict(settings))
    return pa.schema(fields, metadata=metadata)


@dataclass(frozen=True)
class Predictions:
    """N rows of truth and answer.

    `table` has the columns of `schema()`; `folder` is what answers that are files are relative to. Rows whose truth is
    missing are in the table and left out of metrics by `known`. Truth that is not among `names` is kept as it is: it can
    never be answered correctly, and it counts.
    """

    table: pa.Table
    folder: Path | None = None

    def __len__(self) -> int:
        return cast(int, self.table.num_rows)

    @property
    def target(self) -> str:
        """The kind of target: label, labels, score, tags ..."""
        return str((self.table.schema.metadata or {}).get(b"target", b"").decode())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Label names in the order of the probabilities."""
        return tuple(json.loads((self.table.schema.metadata or {}).get(b"names", b"[]")))

    @property
    def settings(self) -> dict[str, Any] | None:
        """The target that answered, as plain values; None in tables of 0.8.0 and older, which name its kind alone."""
        return cast("dict[str, Any] | None", json.loads((self.table.schema.metadata or {}).get(b"settings", b"null")))

    @cached_property
    def known(self) -> Predictions:
        """The rows whose truth is known."""
        return Predictions(self.table.filter(pc.is_valid(self.table["truth"])), self.folder)

    def take(self, rows: NDArray[np.int64]) -> Predictions:
        """These positions, in this order, repeats allowed."""
        return Predictions(self.table.take(pa.array(rows)), self.folder)

    @cached_property
    def truth(self) -> list[Any]:
        """N labels in the words of the data."""
        return cast(list[Any], self.table["truth"].to_pylist())

    @cached_property
    def answer(self) -> list[Any]:
        """N answers in the words of the data."""
        return cast(list[Any], self.table["answer"].to_pylist())

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """[N, C]; [N, 0] where there are none."""
        flat = self.table["probabilities"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return flat.astype(np.float64).reshape(len(self), -1) if len(flat) else np.zeros((len(self), 0))

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """[N] weight of each row in the mean loss; 1 each in tables of 0.8.0 and older."""
        return self.numbers("weight") if "weight" in self.table.column_names else np.ones(len(self))

    def numbers(self, column: str) -> NDArray[np.float64]:
        """[N] a column that the target declares.

        Raises:
            InputError: the table has no such column.
        """
        if column not in self.table.column_names:
            raise InputError(
                f"the table of predictions has no column {column!r}",
                expected=", ".join(self.table.column_names),
                fix="predict the examples again: `burnish evaluate BUNDLE DATA`",
            )
        return cast("NDArray[np.float64]", self.table[column].to_numpy().astype(np.float64))

    def file(self, row: int) -> Path:
        """The file that the answer to the row at a position is."""
        return (self.folder or Path()) / str(self.answer[row])

    def with_probabilities(self, probabilities: NDArray[np.float64]) -> Predictions:
        """The same rows with other probabilities, [N, C]."""
        place = self.table.schema.get_field_index("probabilities")
        values = pa.array(list(probabilities.astype(np.float32)), pa.list_(pa.float32()))
        return Predictions(self.table.set_column(place, self.table.schema.field(place), values), self.folder)

    def with_answers(self, answers: Sequence[Any]) -> Predictions:
        """The same rows with other answers, [N]."""
        place = self.table.schema.get_field_index("answer")
        field = self.table.schema.field(place)
        return Predictions(self.table.set_column(place, field, pa.array(answers, field.type)), self.folder)

    @cached_property
    def groups(self) -> list[str] | None:
        """The group of each row, or None where the data has no groups."""
        column = self.table["group"]
        return None if column.null_count == len(column) else cast(list[str], column.to_pylist())

    @cached_property
    def data_sets(self) -> list[str | None] | None:
        """The data set of each row; None where the run has none."""
        has = DATA_SET in self.table.column_names
        return cast("list[str | None]", self.table[DATA_SET].to_pylist()) if has else None

    def save(self, path: Path, place: Callable[[int], str] | None = None) -> None:
        """Write as Parquet; the file appears whole or not at all.

        People count rows from 1: so does `row` in the file, as in messages, the audit and the report.

        Args:
            path: of the file.
            place: a function of a position to file and row in words, where the rows are of several files: column `place`.
        """
        rows = self.table["row"]
        table = _with_rows(self.table, pc.add(rows, 1)).replace_schema_metadata(
            {**(self.table.schema.metadata or {}), _FIRST: b"1"}
        )
        if place is not None:
            table = table.append_column("place", pa.array([place(row) for row in rows.to_pylist()], pa.string()))
        with file_aside(path) as aside:
            pq.write_table(table, aside)

    @staticmethod
    def load(path: Path) -> Predictions:
        """Read what `save` wrote; files of burnish 0.7.0 and older count rows from 0 and do not say so.

        Raises:
            InputError: it is no such file, damaged, or changed by something else.
        """
        try:
            table = pq.read_table(path, partitioning=None)  # a folder called a=b above it is no column
            metadata = dict(table.schema.metadata or {})
            first = int(metadata.pop(_FIRST, b"0"))
            if wrong := _strange(table):
                raise ValueError(wrong)
        except (pa.ArrowException, OSError, ValueError) as error:  # UnicodeDecodeError and broken JSON are ValueErrors
            raise InputError(
                f"this is no table of predictions: {str(error).splitlines()[0]}",
                expected="the file as burnish wrote it",
                fix="bring back a copy, or predict the examples again: `burnish evaluate BUNDLE DATA`",
                place=str(path),
            ) from error
        table = _with_rows(table, pc.subtract(table["row"], first)).replace_schema_metadata(metadata)
        return Predictions(table.drop_columns(["place"]) if "place" in table.column_names else table, path.parent)


_FIRST = b"first_row"
_NEEDED = ("row", "truth", "answer", "probabilities", "loss", "group")


def _strange(table: pa.Table) -> str:
    """What shows that a table is none of predictions; empty where nothing does."""
    if gone := [name for name in _NEEDED if name not in table.column_names]:
        return f"it has no column {gone[0]!r}, but {', '.join(table.column_names)}"
    if not pa.types.is_integer(table["row"].type):
        return f"column 'row' holds {table['row'].type} and no whole numbers"
    told = table.schema.metadata or {}
    names, settings = json.loads(told.get(b"names", b"[]")), json.loads(told.get(b"settings", b"null"))
    if not isinstance(names, list) or not isinstance(settings, dict | None) or not told.get(b"target", b"").decode():
        return "its metadata do not name the target"
    if not pa.types.is_list(table["probabilities"].type):
        return f"column 'probabilities' holds {table['probabilities'].type} and no lists"
    lengths = pc.unique(pc.fill_null(pc.list_value_length(table["probabilities"]), -1)).to_pylist()
    return f"column 'probabilities' holds lists of {lengths} numbers" if len(lengths) > 1 else ""


def _with_rows(table: pa.Table, rows: Any) -> pa.Table:
    return table.set_column(table.schema.get_field_index("row"), table.schema.field("row"), rows)
