"""Columns that no one type can hold block no run that does not read them, and name their row for one that does."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from burnish.core.errors import InputError
from burnish.data.parts import require_columns
from burnish.data.reading.one_type import columns_without_a_type
from burnish.data.reading.tables import read
from burnish.data.table import Table
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.settle import settle

ODD: dict[str, Any] = {
    "span": [[0, 5, "PER"]],
    "object": {"a": 1},
    "object of lists": {"a": [1, "b"]},
    "text": "str",
    "number": 5,
    "large": 2**70,
    "fraction": 1.5,
    "truth": True,
    "list": [1, 2],
    "mixed list": [1, "a"],
    "empty list": [],
    "empty object": {},
    "null": None,
    "half a pair": "\ud800",
}


def written(values: list[Any], path: Path, as_array: bool = False) -> Table:
    """A table of texts and labels with these values in a column `odd`."""
    rows = [{"text": f"message {i} says", "label": "ab"[i % 2], "odd": value} for i, value in enumerate(values)]
    file = path / ("rows.json" if as_array else "rows.jsonl")
    file.write_text(json.dumps(rows) if as_array else "\n".join(map(json.dumps, rows)), encoding="utf-8")
    return read(str(file), cache=path / "cache")


@pytest.mark.parametrize(("one", "other"), [pair for pair in product(ODD, ODD) if pair[0] < pair[1]])
def test_values_of_any_two_kinds_can_be_read_past(one: str, other: str, tmp_path: Path) -> None:
    """In one piece; the other columns are as they were written."""
    found = written([ODD[one], ODD[other]] * 2, tmp_path)
    assert found.values("text")[3] == "message 3 says"
    require_columns(found, ["text", "label"])
    for name in columns_without_a_type(found.arrow.schema):
        assert name == "odd"
        assert any("column 'odd'" in note and "kept as JSON text" in note for note in found.notes)
        with pytest.raises(InputError, match=r"rows.jsonl, row [12]: column 'odd'"):
            require_columns(found, ["odd"])


def test_a_column_that_turns_in_a_later_piece(tmp_path: Path) -> None:
    """What was already written becomes JSON text as well, and the row that turned is named."""
    values = [[i] for i in range(9000)] + ["x"] + [None, {"a": "ü"}]
    found = written(values, tmp_path, as_array=True)
    assert found.values("odd")[8998:] == ["[8998]", "[8999]", "x", None, '{"a": "ü"}']
    with pytest.raises(InputError, match=r"rows.json, row 9001: column 'odd' holds text \('x'\), and list of"):
        require_columns(found, ["odd"])


def test_integers_that_meet_fractions_too_late(tmp_path: Path) -> None:
    found = written([2**60 + 1] * 5000 + [0.5], tmp_path)
    assert found.values("odd")[-2:] == [str(2**60 + 1), "0.5"]
    assert found.values("label")[:2] == ["a", "b"]


def test_objects_with_ever_new_keys_are_no_records(tmp_path: Path) -> None:
    """As one type they would have a field for each key in each row."""
    for values in ([{f"k{i}": i} for i in range(5000)], [[{"a": {f"k{i}": i}}] for i in range(5000)]):
        found = written(values, tmp_path)
        assert json.loads(found.values("odd")[4999]) == values[4999]
        if isinstance(values[0], dict):  # lists of objects are always kept as text
            assert "more than 1,000 different keys" in found.notes[-1]


def test_parquet_with_numbers_that_no_table_has(tmp_path: Path) -> None:
    """Unsigned numbers beyond 63 bits in a column that nobody reads."""
    made = pa.table({"text": ["a", "b"], "label": ["x", "y"], "hash": pa.array([2**63 + 1, 1], pa.uint64())})
    pq.write_table(made, tmp_path / "rows.parquet")
    found = read(str(tmp_path / "rows.parquet"), cache=tmp_path / "cache")
    assert found.values("hash") == [str(2**63 + 1), "1"]
    assert read(made, cache=tmp_path / "cache").values("label") == ["x", "y"]


def settled(found: Table, **recipe: Any) -> Any:
    return settle(Recipe.load({"data": "x", **recipe}), found, lambda text: None)


def test_a_run_that_reads_it_is_refused_with_the_row_and_another_is_not(tmp_path: Path) -> None:
    """It is never chosen as input because it is long, and never passed over because it is spoilt."""
    found = written([[["a long value", 1]] * 9, "x"] * 4, tmp_path)
    assert settled(found, target_column="label").input.columns == ["text"]
    with pytest.raises(InputError, match=r"row 1: column 'odd' holds"):
        settled(found, target_column="odd")
    rows = [{"text": f"t {i}" if i != 2 else 7, "id": f"r{i}", "label": "ab"[i % 2]} for i in range(8)]
    spoilt = read(rows, cache=tmp_path / "cache")
    with pytest.raises(InputError, match=r"row 3: column 'text' holds whole number \(7\), and text in rows before"):
        settled(spoilt, target_column="label")
