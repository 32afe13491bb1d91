"""Trials and runs on a Ray of this machine: a killed worker, a head that goes away, two processes as one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import survival
from tests.integration.survival_data import recipe as recipe_file
from tests.integration.test_two_processes import SETTINGS, assert_equal_runs

pytest.importorskip("ray")
pytestmark = pytest.mark.slow
RAY = [sys.executable, "-m", "ray.scripts.scripts"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A head with two cores; its workers are no nicer than others, so that they are not starved."""
    port = 6397
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "RAY_worker_niceness": "0"}
    words = ["start", "--head", f"--port={port}", "--num-cpus=2", "--include-dashboard=false", "--disable-usage-stats"]
    words += ["--object-store-memory=100000000", "--temp-dir=/tmp/burnish-ray"]
    subprocess.run([*RAY, *words], env=environment, check=True, capture_output=True)
    yield f"127.0.0.1:{port}"
    subprocess.run([*RAY, "stop", "--force"], capture_output=True)


def burnish(folder: Path, address: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**survival.environment(folder), "PYTHONPATH": os.pathsep.join(sys.path), "RAY_ADDRESS": address}
    command = [sys.executable, "-m", "burnish.cli", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)


def test_trials_are_tasks(tmp_path: Path, address: str) -> None:
    pytest.importorskip("optuna")
    file, out = recipe_file(tmp_path, count=90, epochs=2), tmp_path / "sweep"
    space = "learning_rate={sweep: [1e-4, 1e-2], log: true}"
    words = ("sweep", file, space, "--trials", "3", "--fresh", "0", "--out", out, "--workers", "ray:2")
    done = burnish(tmp_path, address, *words)
    assert done.returncode == 0, done.stderr
    found = json.loads((out / "sweep.json").read_text())
    assert [trial["state"] for trial in found["trials"]] == ["complete"] * 3


def test_a_run_of_two_workers_is_one_and_goes_on_with_one(tmp_path: Path, address: str) -> None:
    file = recipe_file(tmp_path, "label", **{**SETTINGS, "dropout": 0.0}, count=90)
    one, two = tmp_path / "one", tmp_path / "two"
    assert burnish(tmp_path, address, "train", file, "--out", one).returncode == 0
    done = burnish(tmp_path, address, "train", file, "--out", two, "--workers", "ray:2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert_equal_runs(one, two)
    assert survival.events(two, "run_started")[0]["processes"] == 2
    longer = ("train", "--resume", "epochs=4", "--out")
    assert burnish(tmp_path, address, *longer, one).returncode == 0
    assert burnish(tmp_path, address, *longer, two).returncode == 0
    assert_equal_runs(one, two)
