"""A run that starts from another run's model: what that one was trained on is no sealed test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import burnish
from burnish.core.errors import InputError
from tests.integration import tiny_runs


def test_another_split_of_the_same_rows_is_refused(
    trained: Callable[..., Path], table: Callable[[str], Path], tmp_path: Path
) -> None:
    """With the same seed the test stays sealed; with another one, test rows were trained on, which may be accepted."""
    model = trained("label") / "bundle" / "model"
    recipe = tiny_runs.settings("label", model, str(table("label")), max_steps=1)
    burnish.train(recipe, out=tmp_path / "same")
    with pytest.raises(InputError, match=r"of \d+ test rows were trained on by the model this run starts from") as no:
        burnish.train({**recipe, "seed": 7}, out=tmp_path / "other")
    assert "allow=[test_rows_in_train]" in no.value.fix
    assert not (tmp_path / "other").exists()
    burnish.train({**recipe, "seed": 7, "allow": ["test_rows_in_train"]}, out=tmp_path / "knowingly")
    lines = (tmp_path / "knowingly" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    warnings = [event["text"] for event in map(json.loads, lines) if event["name"] == "warning"]
    assert any("test rows were trained on by the model" in text for text in warnings)


def test_new_rows_are_a_test_of_their_own(trained: Callable[..., Path], tmp_path: Path) -> None:
    model = trained("label") / "bundle" / "model"
    rows = [{**row, "text": f"{row['text']} again"} for row in tiny_runs.rows("label")]
    data = tiny_runs.write_jsonl(tmp_path / "new.jsonl", rows)
    burnish.train(tiny_runs.settings("label", model, str(data), max_steps=1, seed=7), out=tmp_path / "run")
