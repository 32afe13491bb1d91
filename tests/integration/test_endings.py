"""How long a run is and how it ends, from the recipe to the folder; interrupted or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from burnish.training.history import noise_of_share
from tests.integration.survival import Runs, assert_same, events, kill_before_step, result, runs
from tests.integration.survival_data import recipe

PER_EPOCH = 8  # steps: 63 training rows in batches of 8


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("endings")) as found:
        yield found


def trained(place: Runs, name: str, **settings: Any) -> tuple[Path, Path]:
    """The recipe and the folder of a finished run."""
    file, out = recipe(place.folder / name, **settings), place.folder / name / "run"
    place.complete("train", file, "--out", out)
    return file, out


def numbers(run: Path, name: str) -> list[int]:
    """The steps at which something happened."""
    return [event["number"] for event in events(run, name)]


def why(run: Path) -> str:
    """Why training stopped."""
    return str(json.loads((run / "scores.json").read_text(encoding="utf-8"))["training"]["stopped"])


def same_when_killed(place: Runs, file: Path, through: Path, step: int) -> None:
    """Killed before a step and resumed, the run is the one that was not."""
    out = through.with_name("killed")
    child = place.start("train", file, "--out", out, hook=kill_before_step(step))
    assert child.end() == -9, child.output
    place.complete("train", "--resume", "--out", out)
    assert_same(out, result(through))


@pytest.mark.slow
def test_a_fraction_of_an_epoch(place: Runs) -> None:
    """1.3 epochs of 8 steps are 11 steps; validated each half epoch and at the end."""
    _, out = trained(place, "fraction", epochs=1.3, validation_steps=None, validation_epochs=0.5)
    assert numbers(out, "step") == list(range(1, 12))
    assert numbers(out, "validation") == [4, 8, 11]
    assert why(out) == "all steps done"


@pytest.mark.slow
def test_max_steps_win_over_epochs(place: Runs) -> None:
    """Seven steps, whatever epochs say; validation and checkpoints where they are due."""
    _, out = trained(place, "most", max_steps=7, validation_steps=3, checkpoint_steps=2, schedule="constant")
    assert numbers(out, "step") == list(range(1, 8))
    assert numbers(out, "validation") == [3, 6, 7]
    assert numbers(out, "checkpoint") == [2, 3, 4, 6, 7]


def test_early_stopping(place: Runs) -> None:
    """A change nobody reaches stops after the first validation and the patience; also when killed on the way."""
    settings = {"early_stopping": {"patience": 2, "minimum_change": 10.0}, "validation_steps": 3, "epochs": 5}
    file, out = trained(place, "early", **settings)
    assert numbers(out, "validation") == [3, 6, 9]
    assert numbers(out, "step")[-1] == 9
    assert why(out).startswith("early: 2 validations")
    best = json.loads((out / "best.json").read_text(encoding="utf-8"))
    scored = {event["number"]: event["scores"][best["metric"]] for event in events(out, "validation")}
    needed = max(scored.values()) - noise_of_share(
        max(scored.values()), events(out, "run_started")[0]["rows"]["validation"]
    )
    assert best["step"] == max(step for step, score in scored.items() if score >= needed)
    assert best["value"] == scored[best["step"]]
    same_when_killed(place, file, out, 8)


@pytest.mark.slow
def test_a_plateau_lowers_the_rate_and_is_remembered(place: Runs) -> None:
    """The rate falls where scores no longer rise; a resumed run knows the scores from before."""
    schedule = {"kind": "reduce_on_plateau", "patience": 0, "minimum_change": 10.0, "warmup_ratio": 0.0}
    file, out = trained(place, "plateau", schedule=schedule, validation_steps=3)
    rates = [event["learning_rate"] for event in events(out, "step")]
    assert rates[:6] == [2e-3] * 6
    assert rates[6:9] == pytest.approx([1e-3] * 3)
    assert rates[9:12] == pytest.approx([5e-4] * 3)
    same_when_killed(place, file, out, 11)


@pytest.mark.slow
def test_no_validation_split_keeps_the_last_step(place: Runs) -> None:
    """There is no best: the bundle has the last weights, and killed or not they are the same."""
    from burnish.core.files import sha256

    split = {"kind": "stratified", "validation": 0.0, "test": 0.2}
    file, out = trained(place, "none", split=split, allow=["empty_split"])
    assert not (out / "best.json").exists()
    killed = out.with_name("killed")
    assert place.start("train", file, "--out", killed, hook=kill_before_step(6)).end() == -9
    place.complete("train", "--resume", "--out", killed)
    assert events(killed, "step") == events(out, "step")
    assert sha256(killed / "bundle/model/model.safetensors") == sha256(out / "bundle/model/model.safetensors")


@pytest.mark.parametrize(
    "settings",
    [
        {"adapter": "gradual_unfreezing", "optimizer": "adafactor"},
        {"adapter": {"kind": "lora", "rank": 2}, "optimizer": "lion", "schedule": "cosine_with_restarts"},
        {"adapter": {"kind": "last_layers", "layers": 1}, "optimizer": {"kind": "sgd", "momentum": 0.9}},
        {"sampler": "balanced", "class_weights": "balanced", "micro_batch_size": 3, "gradient_clip_value": 0.1},
        {"optimizer": "muon", "schedule": "one_cycle", "sampler": "undersampled"},
    ],
    ids=["unfreezing", "lora", "last_layers", "balanced", "muon"],
)
@pytest.mark.slow
def test_killed_whatever_is_chosen(place: Runs, settings: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """Other adapters, optimizers, schedules and samplers keep nothing that a checkpoint does not."""
    file, out = trained(place, request.node.callspec.id, **settings)
    same_when_killed(place, file, out, 8)
