"""The result a finished run had before it was made longer: kept, and remembered, for its test has been read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from burnish.core.files import read_json

FOLDER = "earlier"
RESULTS = (
    "bundle",
    "scores.json",
    "predictions.parquet",
    "report.md",
    "report.html",
    "pictures",
    "export.json",
    "evaluations",
)
BESIDE = ("recipe.yaml", "environment.json", "audit.json", "best.json")  # what the result was made with


def place(run: Path, step: int) -> Path:
    """Where the result of a run that goes on after this step is kept; nothing is there yet."""
    base = run / FOLDER / f"step-{step:08d}"
    number, folder = 1, base
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder


def set_aside(run: Path, folder: Path) -> None:
    """Move the result of a run into a folder of its own, with copies of what it was made with.

    Done again after it was cut off, it moves what is left: the copies come first, and each move is one renaming.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in BESIDE:
        if (run / name).is_file() and not (folder / name).exists():
            shutil.copy2(run / name, folder / name)
    for name in RESULTS:
        if (run / name).exists() and not (folder / name).exists():
            os.replace(run / name, folder / name)


def tested_before(run: Path) -> list[dict[str, Any]]:
    """Every earlier test of a run: after which step, and its first headline metric."""
    tests = []
    for path in sorted((run / FOLDER).glob("*/scores.json")):
        scores = read_json(path)
        metric = scores["headline"][0]
        step = scores.get("training", {}).get("step")
        folder = path.parent.relative_to(run).as_posix()
        tests.append({"step": step, "metric": metric, "value": scores["metrics"][metric]["value"], "folder": folder})
    return tests
