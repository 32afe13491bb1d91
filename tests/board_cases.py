"""Run folders as they lie on disk, made up, for the board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from burnish.core.predictions import Predictions
from burnish.evaluation.scores import metrics_for, scores
from burnish.targets import target_of

FILES = [{"path": "data/reviews/test.csv"}]


def step(number: int, total: int = 100, **values: Any) -> dict[str, Any]:
    """An optimizer step."""
    return {"time": 1.0 + number, "name": "step", "number": number, "total_steps": total, "loss": 1 / number, **values}


def validation(number: int, score: float) -> dict[str, Any]:
    """A validation."""
    told = {"macro_f1": score, "loss": 1 - score}
    return {"time": 1.0 + number, "name": "validation", "number": number, "scores": told, "deciding": "macro_f1"}


def written(events: list[dict[str, Any]]) -> str:
    """Lines of events.jsonl."""
    return "".join(json.dumps(event) + "\n" for event in events)


def run_folder(
    path: Path,
    predictions: Predictions | None,
    events: list[dict[str, Any]] | None = None,
    *,
    rows: str = "rows",
    recipe: dict[str, Any] | None = None,
) -> Path:
    """A finished run, or one without predictions that still runs."""
    path.mkdir(parents=True)
    split = {"rows": 1, "which": rows, "table": "t", "files": FILES}
    settings = {
        "model": {"name": "starter"},
        "adapter": {"kind": "full"},
        "task": "text-classification",
        **(recipe or {}),
    }
    (path / "begun.json").write_text(json.dumps({"recipe": settings, "data": {"test": split}}))
    (path / "environment.json").write_text(json.dumps({"data": {"test": split}}))
    (path / "recipe.yaml").write_text(json.dumps(settings))
    (path / "events.jsonl").write_text(written(events or [step(1), validation(1, 0.5), step(2), validation(2, 0.75)]))
    (path / "report.html").write_text("<!doctype html><title>report</title><h1>report</h1>")
    if predictions is not None:
        target = target_of(predictions)
        told = scores(predictions, metrics_for(target), target.headline, seed=0, resamples=50)
        (path / "scores.json").write_text(
            json.dumps({"split": "test", "training": {"seconds": 61.0, "step": 2}, **told})
        )
        predictions.save(path / "predictions.parquet")
    return path
