"""Schedule-free AdamW: the average that is validated and saved, exact whatever is looked at, and what does not go with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.training import checkpoint
from burnish.training.loop import Training
from burnish.training.optimizer_average import OptimizerAverage
from tests.technique_cases import assert_same, state, steps
from tests.training_cases import training

OPTIONS: dict[str, Any] = {"dropout": 0.1, "optimizer": {"kind": "schedule_free_adamw"}, "learning_rate": 0.01}


def begun(folder: Path) -> tuple[Training, OptimizerAverage]:
    run = training(folder, **OPTIONS)
    return run, OptimizerAverage(checkpoint.changing(run.network, run.optimizer), run.optimizer)


def test_the_average_is_the_one_of_the_paper(tmp_path: Path) -> None:
    """x of Defazio et al. 2024 over four steps, from the sequence of z: the plain mean at a constant rate."""
    run, average = begun(tmp_path)
    name, weight = next((n, p) for n, p in run.network.named_parameters() if "classifier.weight" in n)
    points = []
    for number in range(1, 5):
        steps(run, average, start=number - 1, end=number)
        points.append(run.optimizer.state[weight]["z"].clone())
    torch.testing.assert_close(average.taken()[name], torch.stack(points).mean(0), rtol=1e-5, atol=1e-6)


def test_looking_at_the_average_changes_nothing_and_it_is_what_is_saved(tmp_path: Path) -> None:
    left, left_average = begun(tmp_path)
    looked, average = begun(tmp_path)
    steps(left, left_average)
    for number in range(1, 5):
        steps(looked, average, start=number - 1, end=number)
        with average.in_place():
            seen = {n: p.detach().clone() for n, p in looked.network.named_parameters()}
        assert all(torch.equal(value, average.taken()[n]) for n, value in seen.items())
    assert_same(state(left, None), state(looked, None))
    saved = checkpoint.save(tmp_path / "c", 4, looked.network, looked.optimizer, {}, average)
    assert saved.validated.name == "average.safetensors"
    fresh, _ = begun(tmp_path)
    checkpoint.restore_weights(saved.validated, fresh.network)
    assert all(torch.equal(p, seen[n]) for n, p in fresh.network.named_parameters())
    assert any(not torch.equal(p, seen[n]) for n, p in looked.network.named_parameters())


def test_resumed_is_never_interrupted(tmp_path: Path) -> None:
    """What stands in the groups of the optimizer comes back as well."""
    through, whole = begun(tmp_path)
    losses = [s.loss for s in steps(through, whole)]
    before, half = begun(tmp_path)
    steps(before, half, end=2)
    saved = checkpoint.save(tmp_path / "c", 2, before.network, before.optimizer, {}, half)
    after, rest = begun(tmp_path)
    checkpoint.restore(checkpoint.read(saved.path), after.network, after.optimizer, rest)
    assert [s.loss for s in steps(after, rest, start=2)] == losses[2:]
    assert_same(state(through, None), state(after, None))
    assert rest.updates == whole.updates
    assert all(torch.equal(v, rest.taken()[n]) for n, v in whole.taken().items())
    assert [g["k"] for g in after.optimizer.param_groups] == [4] * len(after.optimizer.param_groups)


def test_no_schedule_stands_beside_it_unless_it_is_named() -> None:
    assert Recipe.load({"data": "rows.csv", "optimizer": "schedule_free_adamw"}).schedule.kind() == "constant"
    named = Recipe.load({"data": "rows.csv", "optimizer": "schedule_free_adamw", "schedule": "cosine"})
    assert named.schedule.kind() == "cosine"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"schedule": "cosine"}, "in the place of a falling rate"),
    ({"averaging": "ema"}, "averages its weights already"),
    ({"adapter": "gradual_unfreezing"}, "thaw later"),
    ({"penalty": "l2"}, "beside the average"),
]


@pytest.mark.parametrize(("settings", "why"), WRONG, ids=[next(iter(s)) for s, _ in WRONG])
def test_refused_beside_it(settings: dict[str, Any], why: str) -> None:
    from burnish.stages.prepare import sensible

    recipe: Any = Recipe.load({"data": "rows.csv", "optimizer": "schedule_free_adamw", **settings})
    active = [t for t in recipe.techniques if not t.is_off]
    with pytest.raises(InputError, match=why) as caught:
        sensible._require_alone(recipe, active)
    assert caught.value.fix
    coupled: Any = Recipe.load(
        {"data": "rows.csv", "optimizer": "schedule_free_adamw", "penalty": {"kind": "l2", "decoupled": False}}
    )
    sensible._require_alone(coupled, coupled.techniques)
