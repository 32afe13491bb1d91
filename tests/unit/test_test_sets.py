"""Test sets: what identifies their rows, how often they were opened, the smallest difference they can show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from burnish.data.rows_hash import rows_hash
from burnish.data.table import Origin, Part, Table
from burnish.evaluation.compare import as_values, paired_difference
from burnish.evaluation.detectable import detectable, of_error
from burnish.metrics.accuracy import Accuracy
from burnish.report import run, test_set
from burnish.report.comparison.words import said
from burnish.stages.openings import LEDGER, ledger, opened
from tests.prediction_cases import table


def part(texts: list[str], labels: list[str], rows: list[int] | None = None, file: str = "a.csv") -> Part:
    """Rows of a file."""
    arrow = pa.table({"text": texts, "label": labels})
    return Part(Table(arrow, (Origin(file, "0" * 64, len(texts)),)), np.array(rows or range(len(texts)), np.int64))


def test_rows_are_known_by_what_they_hold() -> None:
    """Not by their file or order; another label, text or number of rows is another test set."""
    one = rows_hash(part(["x", "y", "z"], ["a", "b", "a"]), "label")
    assert rows_hash(part(["z", "x", "y"], ["a", "a", "b"], file="b.csv"), "label") == one
    assert rows_hash(part(["w", "x", "y", "z"], ["a", "a", "b", "a"], rows=[3, 1, 2]), "label") == one
    for other in (
        part(["x", "y", "z"], ["a", "b", "b"]),
        part(["x", "y", "z."], ["a", "b", "a"]),
        part(["x", "y"], ["a", "b"]),
        part(["x", "y", "z", "z"], ["a", "b", "a", "a"]),
    ):
        assert rows_hash(other, "label") != one


def test_openings_are_counted_by_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Across runs that are gone; the same weights again are no new look; other rows are counted for themselves."""
    path = tmp_path / "state" / "ledger.jsonl"
    monkeypatch.setenv(LEDGER, str(path))
    given: dict[str, Any] = {"rows": 10, "run": "r"}
    assert opened("rows", weights="w1", recipe="r1", **given)["count"] == 1
    assert opened("rows", weights="w1", recipe="r1", **given)["count"] == 1
    assert opened("others", weights="w1", recipe="r1", **given)["count"] == 1
    with open(path, "a", encoding="utf-8") as file:
        file.write('{"test_rows": "rows", "weights": "half a li')  # a machine that went down
        file.write("\n")
    told = opened("rows", weights="w2", recipe="r1", **given)
    assert (told["count"], told["recipes"], told["first"] <= told["last"]) == (2, 1, True)
    assert opened("rows", weights="w3", recipe="r2", **given)["recipes"] == 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert {"time", "test_rows", "rows", "weights", "recipe", "run"} == set(json.loads(path.read_text().split("\n")[0]))


def test_a_ledger_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on, and no count is made up."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(LEDGER, str(tmp_path / "file" / "ledger.jsonl"))
    told = opened("rows", rows=1, weights="w", recipe="r", run="r")
    assert told["count"] is None
    assert "ledger.jsonl: " in told["problem"]
    monkeypatch.setenv(LEDGER, "")
    assert ledger() is None
    assert opened("rows", rows=1, weights="w", recipe="r", run="r")["count"] is None
    monkeypatch.delenv(LEDGER)
    assert str(ledger()).endswith(".local/state/burnish/test_openings.jsonl")


def _scored(rows: int) -> dict[str, Any]:
    return {
        "rows": rows,
        "rows_without_truth": 0,
        "groups": None,
        "headline": ["accuracy"],
        "target": "label",
        "metrics": {"accuracy": {"value": 0.8, "low": 0.76, "high": 0.84}},
        "bootstrap": {"seed": 0, "resamples": 1000, "level": 0.95, "grouped": False},
    }


def test_the_smallest_difference_of_a_worked_example() -> None:
    """Two shares of 400 rows around 0.8: 2.8 standard errors of 0.0283 are 7.9 points (Fleiss 1981, without continuity)."""
    scores = _scored(400)
    error = (0.8 * 0.2 / 400) ** 0.5
    scores["metrics"]["accuracy"] |= {"low": 0.8 - 1.959964 * error, "high": 0.8 + 1.959964 * error}
    found = detectable(scores, {}, "accuracy")
    assert found is not None
    assert found.size == pytest.approx((1.959964 + 0.841621) * (2 * 0.8 * 0.2 / 400) ** 0.5, rel=1e-4)
    assert not found.paired
    assert "7.9 points of accuracy" in said(test_set.smallest(scores, {}, "accuracy") or _none())
    assert (
        detectable({**scores, "metrics": {"accuracy": {"value": 1.0, "low": None, "high": None}}}, {}, "accuracy")
        is None
    )


def _none() -> Any:
    raise AssertionError("nothing was said")


def test_the_report_says_how_often_a_test_set_was_used() -> None:
    """In report.md, whose words are those of the page."""
    scores = _scored(400) | {"test_used": {"count": 4, "recipes": 3, "first": "2026-11-01", "ledger": "~/x"}}
    lines = "\n".join(run.sealing({"sealed": True}, scores))
    assert "has been used 4 times on this machine, by models of 3 recipes, since 2026-11-01" in lines
    assert "four times in five" in lines


@pytest.mark.slow
def test_a_difference_of_that_size_is_shown_four_times_in_five() -> None:
    """600 rows, two models that err on partly the same rows; 300 test sets."""
    draw, rows, metric = np.random.default_rng(0), 600, Accuracy()

    def tested(gain: float) -> Any:
        hard = draw.random(rows) < 0.3
        first = ~(hard & (draw.random(rows) < 0.6))
        flipped = draw.random(rows)
        second = np.where(first, flipped < 1 - 0.04, flipped < 0.04 * (1 - 0.18) / 0.18 + gain / 0.18)
        tables = []
        for right in (second, first):
            answer = ["a" if ok else "b" for ok in right]
            tables.append(table("label", ["a"] * rows, answer, np.full((rows, 2), 0.5), ["a", "b"]))
        return paired_difference(metric, *tables, resamples=400, seed=int(draw.integers(1 << 30)))

    size = 0.0
    for _ in range(3):  # models that differ more also disagree more often: read from models that differ by as much
        widths = [tested(size) for _ in range(40)]
        size = of_error(float(np.mean([w.high - w.low for w in widths])) / (2 * 1.959964))
    shown = np.mean([tested(size).better is True for _ in range(300)])
    assert 0.72 <= shown <= 0.88, (size, shown)
    assert as_values(widths[0])["resamples"] == 400
