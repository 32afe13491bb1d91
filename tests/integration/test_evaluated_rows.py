"""`evaluate` on other rows says which labels training did not know, and which rows the model has seen before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.stages.evaluated_rows import strange_labels
from burnish.targets.label import Label
from burnish.targets.labels import Labels
from burnish.targets.score import Score
from burnish.targets.tags import Tags
from tests.data_cases import table
from tests.integration import tiny_runs
from tests.integration.spoiled import Said

Command = Callable[..., Said]
Trained = Callable[..., Path]


def scored(command: Command, run: Path, rows: list[dict[str, Any]], folder: Path) -> tuple[Said, dict[str, Any]]:
    data = tiny_runs.write_jsonl(folder / "other.jsonl", rows)
    said = command("evaluate", run, "--data", data, "--out", folder / "scores")
    path = folder / "scores" / "scores.json"
    return said, json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def test_labels_that_are_all_unknown_are_refused(burnish_command: Command, trained: Trained, tmp_path: Path) -> None:
    rows = [{**row, "label": row["label"].upper()} for row in tiny_runs.rows("label")]
    said, found = scored(burnish_command, trained("label"), rows, tmp_path)
    assert (said.code, found) == (2, {})
    assert "60 of 60 rows" in said.err
    assert "'PAYMENT' (20, nearest: 'payment')" in said.err


def test_some_unknown_labels_and_rows_seen_before_are_said(
    burnish_command: Command, trained: Trained, tmp_path: Path
) -> None:
    rows = tiny_runs.rows("label")
    rows[0] = {**rows[0], "label": "Delivery "}
    new = [{"id": "n", "text": "an entirely new text", "label": "payment"}]
    said, found = scored(burnish_command, trained("label"), [*rows, *new], tmp_path)
    assert said.code == 0
    assert (
        "warning: 1 of 61 rows hold a label that training does not know: 'Delivery' (1, nearest: 'delivery')"
        in said.err
    )
    assert (found["rows_in_train"], found["rows_in_validation"]) == (36, 12)
    assert "warning: 36 of 61 rows were trained on" in said.err
    assert "36 of 61 rows were trained on" in (tmp_path / "scores" / "report.md").read_text(encoding="utf-8")


def test_new_rows_with_known_labels_give_no_warning(burnish_command: Command, trained: Trained, tmp_path: Path) -> None:
    rows = [{**row, "text": f"new {row['text']}"} for row in tiny_runs.rows("label")]
    said, found = scored(burnish_command, trained("label"), rows, tmp_path)
    assert (said.code, "warning" in said.err, found["warnings"]) == (0, False, [])
    assert (found["rows_in_train"], found["rows_in_validation"]) == (0, 0)


def test_rows_that_differ_from_training_rows_in_case_alone_are_said(
    burnish_command: Command, trained: Trained, tmp_path: Path
) -> None:
    rows = [{**row, "text": f"  {row['text'].upper()}!"} for row in tiny_runs.rows("label")]
    said, found = scored(burnish_command, trained("label"), rows, tmp_path)
    assert (said.code, found["rows_in_train"]) == (0, 0)
    assert "36 of 60 rows differ from rows that were trained on in case, spaces or punctuation alone" in said.err


def test_without_the_data_of_the_run_that_is_said(
    burnish_command: Command, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise InputError("no such file")

    monkeypatch.setattr("burnish.stages.evaluated_rows.held_out", gone)
    said, found = scored(burnish_command, trained("label"), tiny_runs.rows("label")[:5], tmp_path)
    assert said.code == 0
    assert "whether examples were trained on is not known" in said.err
    assert "rows_in_train" not in found


@pytest.mark.parametrize("task", ["images", "tags"])
def test_files_and_sentences_are_compared_as_well(
    burnish_command: Command, trained: Trained, tmp_path: Path, task: str
) -> None:
    _, found = scored(burnish_command, trained(task), tiny_runs.rows(task)[:20], tmp_path)
    assert found["rows_in_train"] + found["rows_in_validation"] > 8


def test_every_target_names_what_it_does_not_know() -> None:
    def lines(target: Any, cells: list[Any]) -> list[str]:
        return strange_labels(target, table([{target.column: cell} for cell in cells]))

    labels = Labels(labels=["a", "b"])
    assert "1 of 3 rows" in lines(labels, [["a", "c"], ["b"], []])[0]
    with pytest.raises(InputError, match="no row holds one that it knows"):
        lines(labels, [["A"], ["B"], []])
    tags = Tags(labels=["O", "B-x", "I-x"])
    assert "'B-X' (1, nearest: 'B-x')" in lines(tags, [["O", "B-X"], ["B-x", "O"]])[0]
    with pytest.raises(InputError, match="no row holds one that it knows"):
        lines(tags, [["O", "b-x"], ["O", "b-x"]])
    assert lines(Score(column="score"), [1.0, 2.0, np.nan]) == []
    many = lines(Label(labels=["a", "b"]), ["a", *(f"new {i}" for i in range(20))])
    assert "and 12 more" in many[0]
