"""The ladder: rungs are trained, exported, judged by the run's own answers and timed; the cheapest inside the bound is kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from burnish import load, train
from burnish.bundle.bundle import Bundle
from burnish.cli.commands import commands
from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.stages.compress.aim import Aim, aim_of, cheapest
from burnish.stages.compress.run import compress
from burnish.stages.compress.rungs import recipe_of, rungs_of
from tests.checkpoints import tiny_checkpoint
from tests.integration import survival_data

pytest.importorskip("onnxscript")
ONLY = ["--only", "trained", "--only", "distilled-1"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run of three blocks whose probabilities and thresholds are learned from validation."""
    folder = tmp_path_factory.mktemp("ladder")
    tiny_checkpoint(folder / "checkpoint-0.1", texts=[" ".join(survival_data.WORDS)], dropout=0.1, layers=3)
    values: dict[str, Any] = load_file(
        survival_data.recipe(folder, "label", count=150, epochs=6, calibration="temperature", thresholds="f1")
    )
    values["data"]["cache"] = str(folder / "cache")
    train(values, out=folder / "run")
    return folder / "run"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_cheapest_rung_inside_the_bound_is_kept_and_answers(run: Path) -> None:
    result = CliRunner().invoke(commands, ["compress", str(run), "--bound", "60", *ONLY])
    assert result.exit_code == 0, result.output
    told = json.loads((run / "compressed" / "compression.json").read_text())
    names = [row["name"] for row in told["rows"]]
    assert names[0] == "torch-float32"
    assert {"trained/onnx-int8", "trained/onnx-float16", "distilled-1/onnx-int8"} <= set(names)
    for row in told["rows"]:
        assert row["status"] in ("trained", "passed", "refused")
        if row["status"] == "passed":
            assert set(row["latency"]) == {"1", "8"} | ({"32"} if "32" in row["latency"] else set())
            assert row["interval"]["low"] <= row["interval"]["value"] <= row["interval"]["high"]
            assert row["peak_memory"] > 1 << 20
    kept = next(row for row in told["rows"] if row["name"] == told["kept"])
    assert kept["latency"]["1"]["p50_ms"] == min(
        row["latency"]["1"]["p50_ms"] for row in told["rows"] if row["status"] == "passed"
    )
    bundle = Bundle.load(run / "compressed" / "bundle")
    (artifact,) = bundle.artifacts()
    predictor = load(run / "compressed" / "bundle", runtime=artifact.name)
    assert predictor([{"text": "the parcel is late"}])
    assert (run / "compressed" / "compression.png").stat().st_size > 1000
    assert "compression.png" in (run / "report.md").read_text()
    assert not (run / "compressed" / "trained").exists()
    shutil.rmtree(run / "compressed")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_it_stops_at_the_target_and_says_where_it_lies(run: Path, tmp_path: Path) -> None:
    said: list[str] = []
    result = compress(run, out=tmp_path / "small", bound=60, target="latency=0.9x", only=["trained"], say=said.append)
    assert result["reached"]
    assert {row["rung"] for row in result["rows"]} == {"trained"}
    with pytest.raises(InputError, match="there already"):
        compress(run, out=tmp_path / "small")


def test_what_is_aimed_at_is_a_share_of_a_cost() -> None:
    assert aim_of("latency=0.3x") == Aim("latency", 0.3)
    assert aim_of("size=0.25") == Aim("size", 0.25)
    for wrong in ("latency", "speed=2x", "latency=3x", "latency=0x"):
        with pytest.raises(InputError, match="--target"):
            aim_of(wrong)


def test_the_cheapest_that_passed_is_chosen_by_what_is_aimed_at() -> None:
    def row(status: str, ms: float, size: int) -> dict[str, Any]:
        return {"status": status, "latency": {"1": {"p50_ms": ms}}, "bytes": size, "name": f"{ms}"}

    rows = [row("trained", 10, 100), row("passed", 4, 20), row("passed", 3, 40), {"status": "refused", "name": "no"}]
    assert cheapest(rows, Aim()) is rows[2]
    assert cheapest(rows, Aim("size", 0.2)) is rows[1]
    assert Aim("latency", 0.3).reached(rows)
    assert not Aim("latency", 0.2).reached(rows)
    assert cheapest(rows[:1], Aim()) is None


def test_the_rungs_go_from_the_cheapest_to_try_to_the_dearest(run: Path) -> None:
    bundle = Bundle.load(run)
    recipe = Recipe.load(bundle.settings["recipe"])
    names = [rung.name for rung in rungs_of(bundle, recipe)]
    assert names == [
        "trained",
        "aware",
        "pruned",
        "distilled-2",
        "distilled-1",
        "distilled-2-aware",
        "distilled-2-pruned",
    ]
    for rung in rungs_of(bundle, recipe):
        if rung.settings:
            made = recipe_of(rung, bundle, recipe)
            assert (made.distil is not None) == ("distil" in rung.settings)
            assert made.seed == recipe.seed
            assert not made.baselines
    assert [rung.name for rung in rungs_of(bundle, recipe, names=("trained", "aware"))] == ["trained", "aware"]
