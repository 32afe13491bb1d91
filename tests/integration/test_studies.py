"""Studies on real workers: the same result as one after the other, and whoever is killed, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.stages.cross_validation import cross_validate
from burnish.stages.learning_curve import learning_curve
from burnish.stages.seeds import seeds
from burnish.workers import workers_of
from tests.integration import survival
from tests.integration.survival_data import recipe as recipe_file
from tests.integration.test_two_processes import SETTINGS, assert_equal_runs

pytestmark = pytest.mark.slow


def made(folder: Path, **settings: Any) -> Recipe:
    values = load_file(recipe_file(folder, count=90, **{"epochs": 2, "validation_steps": 8, **settings}))
    return Recipe.load({**values, "data": {**values["data"], "cache": str(folder / "cache")}})


def test_seeds_side_by_side(tmp_path: Path) -> None:
    """Whole runs on the same test rows; more of them later; a run that fails is counted and named."""
    asked, said = made(tmp_path), list[str]()
    out = tmp_path / "seeds"
    found = seeds(asked, out, count=2, workers=workers_of("local:2"), say=said.append)
    assert [run["name"] for run in found["runs"]] == ["seed 0", "seed 1"]
    rows = [pq.read_table(out / f"seed-{n}" / "run" / "predictions.parquet")["row"].to_pylist() for n in range(2)]
    assert rows[0] == rows[1]
    assert (out / "seed-0" / "run" / "report.html").is_file()
    assert not (out / "seed-0" / "run" / "checkpoints").exists()
    (out / "seed-2").mkdir()
    (out / "seed-2" / "result.json").write_text('{"result": null, "failed": "the loss was not a number"}')
    before = (out / "seed-0" / "result.json").stat().st_mtime_ns
    more = seeds(asked, out, count=4, workers=workers_of("local:2"), say=said.append)
    assert len(more["runs"]) == 3
    assert more["failed"] == {"seed 2": "the loss was not a number"}
    assert "1 of 4 runs failed" in (out / "seeds.md").read_text()
    assert (out / "seed-0" / "result.json").stat().st_mtime_ns == before, "it was not run again"


def test_folds_and_shares_side_by_side_are_those_one_after_the_other(tmp_path: Path) -> None:
    asked = made(tmp_path, dropout=0.1)
    for name, workers in (("alone", None), ("beside", workers_of("local:2"))):
        cross_validate(asked, tmp_path / name, count=3, say=lambda text: None, workers=workers)
        curve = tmp_path / f"curve-{name}"
        learning_curve(asked, curve, shares=(0.5, 1.0), seeds=2, say=lambda text: None, workers=workers)
    for file in ("out_of_fold.parquet", "predictions.parquet"):
        one, other = (pq.read_table(tmp_path / name / file).to_pydict() for name in ("alone", "beside"))
        assert repr(one) == repr(other)
    one, other = (
        json.loads((tmp_path / f"curve-{n}" / "learning_curve.json").read_text()) for n in ("alone", "beside")
    )
    assert one == other
    assert not list((tmp_path / "beside").glob("fold-*"))


def test_local_workers_train_one_run_together(tmp_path: Path) -> None:
    """Two processes give the weights of one; bad input ends both with its exit code."""
    file = recipe_file(tmp_path, "label", **{**SETTINGS, "dropout": 0.0}, count=90)
    environment = {**survival.environment(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}

    def burnish(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "burnish.cli", "train", *map(str, words)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)

    assert burnish(file, "--out", tmp_path / "one").returncode == 0
    done = burnish(file, "--out", tmp_path / "two", "--workers", "local:2")
    assert done.returncode == 0, done.stderr
    assert_equal_runs(tmp_path / "one", tmp_path / "two")
    wrong = burnish(file, "data.train=missing.csv", "--out", tmp_path / "three", "--workers", "local:2")
    assert wrong.returncode == 2
    assert "missing.csv" in wrong.stderr
    again = burnish(file, "--out", tmp_path / "two", "--workers", "local:2")
    assert again.returncode == 2
    assert "never overwrites" in again.stderr


def test_a_sweep_whose_processes_are_killed(tmp_path: Path) -> None:
    """First a worker, whose trial goes on from its checkpoint; then the whole sweep, which goes on by the same command."""
    pytest.importorskip("optuna")
    file = recipe_file(tmp_path, count=90, epochs=12, validation_steps=12, checkpoint_steps=6)
    out = tmp_path / "sweep"
    words = [sys.executable, "-m", "burnish.cli", "sweep", file, "learning_rate={sweep: [1e-4, 1e-2], log: true}",
             "--trials", "4", "--fresh", "1", "--out", out, "--workers", "local:2"]  # fmt: skip
    environment = {**survival.environment(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    with (tmp_path / "log.txt").open("w") as log:
        child = subprocess.Popen([str(word) for word in words], env=environment, stdout=log, stderr=log)
        _until(lambda: _checkpoints(out, 0) and _worker(child.pid, out))
        os.kill(_worker(child.pid, out), signal.SIGKILL)
        _until(lambda: "it goes on" in (tmp_path / "log.txt").read_text())
        _until(lambda: len(list(out.glob("trials/*/result.json"))) >= 2)
        child.kill()
        child.wait()
        assert subprocess.run([str(word) for word in words], env=environment, stdout=log, stderr=log).returncode == 0
    found = json.loads((out / "sweep.json").read_text())
    assert [trial["number"] for trial in found["trials"]] == [0, 1, 2, 3]
    assert {trial["state"] for trial in found["trials"]} == {"complete"}
    for number in range(4):
        events = survival.events(out / "trials" / f"{number:04}" / "seed-0", "step")
        assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert load_file(out / "best.yaml")["learning_rate"] == found["parameters"]["learning_rate"]
    assert np.isfinite(found["worth"]["optimism"])
    assert all((out / f"{name}.png").is_file() for name in ("history", "parallel"))
    assert "seeds" in (out / "sweep.md").read_text()


def _until(what: Any) -> None:
    until = time.monotonic() + 240
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def _checkpoints(out: Path, number: int) -> bool:
    return any((out / "trials" / f"{number:04}" / "seed-0" / "checkpoints").glob("step-*"))


def _worker(parent: int, out: Path) -> int:
    """The process that writes the log of the first trial; 0 where it is not there yet."""
    log = os.path.realpath(out / "trials" / "0000" / "log.txt")
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.path.realpath(folder / "fd" / "1") == log:
                return int(folder.name)
        except OSError:
            continue
    return 0
