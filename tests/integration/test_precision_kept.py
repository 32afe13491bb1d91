"""The precision that a run finds at its start is its own from then on: written down, and not found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import burnish
from burnish.core.files import read_json
from burnish.recipe.text import load_file
from burnish.training import accelerator, precision
from burnish.training.precision import Trial
from tests.integration import tiny_runs


def test_it_is_in_the_recipe_of_the_run_and_the_baseline_is_computed_in_it(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accelerator, "cpu_bfloat16", lambda: True)
    monkeypatch.setattr(precision, "SMALLEST", 0)
    monkeypatch.setattr(precision, "tried", lambda products, rows: Trial(2.0, 1e11, 2e11, 0.5))
    settings: dict[str, Any] = {**tiny_runs.quick(), "precision": "auto", "baselines": True, "max_steps": 2}
    given = tiny_runs.rows("label")
    run = burnish.train(data=given, target="label", model=str(bert), out=tmp_path / "run", **settings)
    assert run.recipe.precision == "bfloat16"
    assert load_file(run.path / "recipe.yaml")["precision"] == "bfloat16"
    started = [line for line in (run.path / "events.jsonl").read_text().splitlines() if '"run_started"' in line]
    assert '"precision": "bfloat16"' in started[0]
    assert "bfloat16" in read_json(run.path / "scores.json")["baselines"]["frozen_features"]["note"]
    same = burnish.train(
        data=given, target="label", model=str(bert), out=tmp_path / "same", **{**settings, "precision": "bfloat16"}
    )
    assert same.scores["metrics"] == run.scores["metrics"]  # trying has changed nothing
