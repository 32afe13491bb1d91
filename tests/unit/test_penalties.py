"""Penalties against formulas and optimizers of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from burnish.core.errors import InputError
from burnish.training.penalties._starting_point import TowardsStart
from tests.technique_cases import AXES, made, ready, steps
from tests.training_cases import weights_of

AXIS = AXES["penalty"]
RATE = 0.05


def plain(folder: Path, **options: Any) -> Any:
    still = {"optimizer": {"kind": "sgd", "weight_decay": 0.0, "momentum": 0.0}, "order": [[0, 1, 2, 3]]}
    return ready(folder, **{"techniques": [], "double": True, "learning_rate": RATE, **still, **options})[0]


def decaying(run: Any) -> set[str]:
    return {n for group in run.optimizer.param_groups if group["burnish_decays"] for n in group["burnish_names"]}


def test_l2_coupled_is_the_weight_decay_of_sgd(tmp_path: Path) -> None:
    """torch's own, in its gradient."""
    ours = plain(tmp_path, techniques=[made(AXIS, "l2", strength=0.3, decoupled=False)])
    torchs = plain(tmp_path, optimizer={"kind": "sgd", "weight_decay": 0.3, "momentum": 0.0})
    steps(ours, None)
    steps(torchs, None)
    for name, value in weights_of(ours).items():
        torch.testing.assert_close(value, weights_of(torchs)[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize("decoupled", [True, False])
@pytest.mark.parametrize("kind", ["l1", "l2"])
def test_one_step_by_hand(kind: str, decoupled: bool, tmp_path: Path) -> None:
    """Against the step without a penalty, of matrices alone."""
    before = plain(tmp_path)
    start, without = weights_of(before), plain(tmp_path)
    steps(without, None)
    run = plain(tmp_path, techniques=[made(AXIS, kind, strength=0.02, decoupled=decoupled)])
    steps(run, None)
    for name, found in weights_of(run).items():
        unpulled = weights_of(without)[name]
        expected = unpulled
        if name in decaying(run):
            if kind == "l2":
                expected = unpulled * (1 - RATE * 0.02) if decoupled else unpulled - RATE * 0.02 * start[name]
            elif decoupled:
                expected = unpulled.sign() * (unpulled.abs() - RATE * 0.02).clamp(min=0)
            else:
                expected = unpulled - RATE * 0.02 * start[name].sign()
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_l1_decoupled_makes_weights_exactly_zero(tmp_path: Path) -> None:
    run = plain(tmp_path, techniques=[made(AXIS, "l1", strength=0.2)])
    steps(run, None)
    matrices = [v for n, v in weights_of(run).items() if n in decaying(run)]
    assert sum(int((v == 0).sum()) for v in matrices) > 10


@pytest.mark.parametrize("decoupled", [True, False])
def test_l2_sp_pulls_the_body_back_and_leaves_the_head(decoupled: bool, tmp_path: Path) -> None:
    """After the second of two steps, by hand; all of the body, norms and biases too."""
    two = [[0, 1, 2, 3], [4, 5, 6, 7]]
    start = weights_of(plain(tmp_path))
    settings = {"strength": 0.25, "decoupled": decoupled}
    once = plain(tmp_path, techniques=[made(AXIS, "l2_sp", **settings)])
    twice = plain(tmp_path, techniques=[made(AXIS, "l2_sp", **settings)], order=two)
    steps(twice, None, end=1)
    between = weights_of(twice)
    steps(once, None)
    for name, value in weights_of(once).items():
        torch.testing.assert_close(between[name], value, rtol=0, atol=0)
    unpulled = plain(tmp_path, order=[[4, 5, 6, 7]])
    with torch.no_grad():
        for name, parameter in unpulled.network.named_parameters():
            parameter.copy_(between[name])
    steps(unpulled, None)
    pulled = plain(tmp_path, techniques=[made(AXIS, "l2_sp", **settings)], order=two)
    steps(pulled, None)
    layers = pulled.network.layers
    for name, value in weights_of(pulled).items():
        stepped = weights_of(unpulled)[name]
        expected = stepped
        if pulled.network.depth(name) <= layers:
            expected = (
                stepped - 0.25 * (stepped - start[name])
                if decoupled
                else stepped - RATE * 0.25 * (between[name] - start[name])
            )
        torch.testing.assert_close(value, expected, rtol=0, atol=1e-12)


def test_l2_sp_switches_the_optimizers_own_decay_of_the_body_off(tmp_path: Path) -> None:
    run = plain(tmp_path, optimizer={"kind": "adamw", "weight_decay": 0.1}, techniques=[made(AXIS, "l2_sp")])
    for group in run.optimizer.param_groups:
        head = group["burnish_depth"] > group["burnish_layers"]
        assert group["weight_decay"] == (0.1 if head and group["burnish_decays"] else 0.0)


def test_l2_sp_tells_other_pretrained_weights_from_its_own(tmp_path: Path) -> None:
    one, other = (plain(tmp_path, techniques=[made(AXIS, "l2_sp")]) for _ in range(2))
    (first,), (second,) = one.parts, other.parts
    assert isinstance(second, TowardsStart)
    assert first.reference() == second.reference() != ""
    next(iter(second.start.values())).add_(1.0)
    assert first.reference() != second.reference()


def test_a_penalty_counts_once_whatever_the_micro_batches_and_before_clipping(tmp_path: Path) -> None:
    from burnish.training.updating import Clip

    run = plain(tmp_path, techniques=[made(AXIS, "l2", strength=50.0, decoupled=False)], clip=Clip(1e-3, None))
    before = weights_of(run)
    steps(run, None)
    moved = torch.sqrt(sum(((v - before[n]) ** 2).sum() for n, v in weights_of(run).items()))  # type: ignore[arg-type]
    assert float(moved) == pytest.approx(1e-3 * RATE, rel=1e-6)


def test_strength_is_not_negative() -> None:
    with pytest.raises(InputError):
        made(AXIS, "l2", strength=-1)
