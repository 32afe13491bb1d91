"""Cells of a column kept once, and what a target says of them, computed once for each split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from burnish.core.component import build
from burnish.data import cells as kept
from burnish.data.cells import Cells
from burnish.data.table import Inspection, Part, Table
from burnish.data.truths import FINE, ILLEGAL, MISSING, strata_of, truths_of
from burnish.targets import Named, Target
from burnish.targets.label import Label
from tests.data_cases import table

COLUMNS: dict[str, list[Any]] = {
    "label": ["b", "a", None, "a", " ", "c", "b", "None"],
    "labels": [["x", "y"], [], None, ["y"], ["x", "y"], ["z"], ["y"], ["x"]],
    "score": [1.5, float("nan"), None, -0.0, 0.0, 1.5, 2.0, float("nan")],
    "tags": [["O", "B-a"], None, ["O"], ["O", "B-a"], ["B-a"], [], ["O"], ["B-b"]],
}
LEARNED = {"label": {"labels": ["a", "b"]}, "labels": {"labels": ["x", "y"]}, "tags": {"labels": ["O", "B-a"]}}


def target(kind: str) -> Target:
    settings = {"kind": kind, "column": "y", **LEARNED.get(kind, {"mean": 0.0, "scale": 1.0})}
    made = build("burnish.targets", settings)
    assert isinstance(made, Target)
    return made


def made(values: Sequence[Any], pieces: int = 3) -> Table:
    arrow = table([{"y": v, "x": str(i)} for i, v in enumerate(values)])
    cut = [arrow.arrow.slice(i, pieces) for i in range(0, len(values), pieces)]
    return replace(arrow, arrow=pa.concat_tables(cut))


@pytest.fixture(params=["kept", "read again"])
def _either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "read again":
        monkeypatch.setattr(kept, "MOST", 1)


@pytest.mark.usefixtures("_either")
@pytest.mark.parametrize("kind", COLUMNS)
def test_cells_are_those_of_the_table_in_any_order(kind: str) -> None:
    values, rows = COLUMNS[kind], np.array([5, 0, 7, 7, 2, 3])
    cells = made(values).cells("y")
    assert len(cells) == len(values)
    assert list(map(repr, cells.at(rows))) == [repr(values[row]) for row in rows]
    assert list(map(repr, cells.of(np.arange(8)))) == list(map(repr, values))
    assert list(cells.mapped(rows, repr)) == [repr(values[row]) for row in rows]
    assert cells.at(np.zeros(0, np.int64)) == []


@pytest.mark.usefixtures("_either")
@pytest.mark.parametrize("kind", COLUMNS)
def test_truths_are_what_the_target_says_of_each_row(kind: str) -> None:
    values, asked, rows = COLUMNS[kind], target(kind), np.array([6, 0, 2, 3, 5, 4, 1])
    part = Part(made(values), rows)
    own = [values[row] for row in rows]
    truths = truths_of(part, asked)
    fine = [not asked.problem_with(value) for value in own]
    assert ((truths.states == FINE) == fine).all()
    assert truths.counts == (Counter(asked.counts(own)) if isinstance(asked, Named) else {})
    assert list(map(repr, truths.each())) == [repr(asked.truth(value)) for value in own]
    assert list(map(repr, truths.cells())) == list(map(repr, own))
    seen: dict[str, int] = {}
    expected = [-1 if (s := asked.strata(v)) is None else seen.setdefault(s, len(seen)) for v in own]
    assert truths.strata.tolist() == strata_of(part, asked).tolist() == expected
    equal = [[asked.truth(a) == asked.truth(b) for b in own] for a in own]
    known = np.flatnonzero(fine)
    for i in known:
        assert [bool(truths.hashes[i] == truths.hashes[j]) for j in known] == [equal[i][j] for j in known]


def test_missing_and_illegal_cells_are_told_apart() -> None:
    truths = truths_of(Part(made(COLUMNS["label"]), np.arange(8)), target("label"))
    assert truths.states.tolist() == [FINE, FINE, MISSING, FINE, MISSING, ILLEGAL, FINE, ILLEGAL]
    assert (truths.hashes == 0).tolist() == (truths.states == MISSING).tolist()


def test_a_cell_is_read_and_asked_about_once_however_many_rows_hold_it() -> None:
    asked: list[Any] = []

    class Asked(Label):
        """Writes down what it is asked."""

        def problem_with(self, value: Any) -> str:
            asked.append(value)
            return super().problem_with(value)

    part = Part(made(["a", "b"] * 500, 7), np.arange(1000))
    cells = part.table.cells("y")
    assert cells.distinct == ["a", "b"]
    truths_of(part, Asked(column="y", labels=["a", "b"]))
    assert asked == ["a", "b"]
    assert part.table.cells("y") is cells


def test_columns_of_many_or_long_cells_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Cells(pa.chunked_array([[str(i) for i in range(99)]])).distinct is not None
    monkeypatch.setattr(kept, "MOST_CHARACTERS", 50)
    assert Cells(pa.chunked_array([["a" * 49] * 9])).distinct == ["a" * 49]
    assert Cells(pa.chunked_array([["a" * 51]])).distinct is None


def test_what_was_read_goes_with_the_table_and_not_with_other_cells() -> None:
    first = made(["a", "b"])
    cells = first.cells("y")
    nothing = Inspection(np.zeros(2, np.uint64), {}, pa.table({}))
    assert replace(first, inspection=nothing).cells("y") is cells
    other = first.with_column("y", pa.chunked_array([["c", "d"]]))
    assert list(other.cells("y").of(np.arange(2))) == ["c", "d"]
    assert first.cells("y") is cells
    assert first.with_column("x", pa.chunked_array([["1", "2"]])).cells("y") is cells
