"""Rows are counted from 1 wherever people read them, and from 0 inside."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions, schema
from burnish.data.looking.audit.report import Audit, Finding, RowAt
from burnish.data.table import Origin, Table
from burnish.evaluation.compare import aligned


def table(rows: list[int], truth: str = "a") -> Predictions:
    nothing: list[None] = [None] * len(rows)
    columns = {"row": rows, "truth": [truth] * len(rows), "answer": ["a"] * len(rows)}
    more = {"probabilities": [[0.5, 0.5]] * len(rows), "loss": nothing, "group": nothing}
    return Predictions(pa.table({**columns, **more}, schema=schema("label", ("a", "b"), pa.string())))


def test_predictions_count_from_1_on_disk_and_read_back_as_they_were(tmp_path: Path) -> None:
    own = table([0, 4, 68])
    own.save(tmp_path / "predictions.parquet")
    assert pq.read_table(tmp_path / "predictions.parquet")["row"].to_pylist() == [1, 5, 69]
    read = Predictions.load(tmp_path / "predictions.parquet")
    assert read.table.to_pydict() == own.table.to_pydict()
    assert (read.target, read.names) == (own.target, own.names)
    read.save(tmp_path / "again.parquet")
    assert pq.read_table(tmp_path / "again.parquet")["row"].to_pylist() == [1, 5, 69]


def test_files_of_older_versions_are_read_as_they_were_written(tmp_path: Path) -> None:
    """They count from 0 and do not say so."""
    own = table([0, 7])
    pq.write_table(own.table, tmp_path / "old.parquet")
    assert Predictions.load(tmp_path / "old.parquet").table.equals(own.table)


def test_rows_of_several_files_are_named_with_their_file(tmp_path: Path) -> None:
    """A number over all files leads nowhere by itself."""
    both = Table(pa.table({"x": np.arange(5)}), (Origin("a.csv", "0", 3), Origin("b.csv", "1", 2)))
    own = table([2, 3])
    own.save(tmp_path / "predictions.parquet", both.place)
    written = pq.read_table(tmp_path / "predictions.parquet")
    assert written["row"].to_pylist() == [3, 4]
    assert written["place"].to_pylist() == ["a.csv, row 3", "b.csv, row 1"]
    assert Predictions.load(tmp_path / "predictions.parquet").table.equals(own.table)


def test_the_audit_counts_from_1_in_json() -> None:
    found = Audit([Finding("x", "note", "y", (RowAt("train", 12, "train.csv, row 13"),), 1)], {})
    (row,) = json.loads(found.to_json())["findings"][0]["rows"]
    assert row["row"] == 13
    assert row["place"].endswith(f"row {row['row']}")
    assert found.findings[0].rows[0].row == 12


def test_errors_count_from_1() -> None:
    with pytest.raises(InputError, match="row 5 is in one table only"):
        aligned(table([0, 4]), table([0]))
    with pytest.raises(InputError, match="row 1 has label"):
        aligned(table([0]), table([0], truth="b"))
