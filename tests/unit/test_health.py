"""Vanishing and exploding gradients are said in words, and noise is not."""

from __future__ import annotations

import numpy as np

from burnish.core.weighted import WeightedSum
from burnish.training.health import QUIET, STARVED, GradientHealth
from burnish.training.loop import Step


def step(number: int, norm: float, groups: dict[str, float] | None = None, applied: bool = True) -> Step:
    """A step with these gradient norms."""
    return Step(
        number=number,
        epoch=0.0,
        loss=WeightedSum(1.0, 1.0),
        learning_rate=1e-4,
        gradient_norm=norm,
        group_norms=groups or {"head": norm},
        rows=1,
        useful=1,
        size=1,
        micro_batch_size=1,
        seconds=0.0,
        applied=applied,
    )


def test_noise_is_not_reported() -> None:
    """Norms that differ by a factor of a few are what training looks like."""
    health = GradientHealth()
    norms = np.random.default_rng(0).lognormal(0, 0.7, 500)
    assert [m for i, n in enumerate(norms) for m in health.see(step(i, float(n)))] == []


def test_an_exploding_gradient_is_said_once_with_its_step() -> None:
    """One sentence, with the step and how far it is from the usual; not again in the next steps."""
    health = GradientHealth()
    for i in range(30):
        assert health.see(step(i, 1.0)) == []
    (said,) = health.see(step(30, 50.0))
    assert "exploding" in said
    assert "step 30" in said
    assert "50 times" in said
    assert health.see(step(31, 60.0)) == []
    assert health.see(step(31 + QUIET, 60.0)) != []


def test_a_group_that_receives_nothing_is_named() -> None:
    """The group is named after some steps in a row, and a group that recovers is not."""
    health = GradientHealth()
    said = []
    for i in range(STARVED + 5):
        said += health.see(step(i, 1.0, {"embeddings": 1e-9, "layer 1": 0.5 if i % 10 else 1e-9, "head": 1.0}))
    assert len(said) == 1
    assert "vanishing" in said[0]
    assert "embeddings" in said[0]


def test_no_gradient_at_all_is_vanishing() -> None:
    """All norms zero: every group is said to receive nothing."""
    health = GradientHealth()
    said = [m for i in range(STARVED) for m in health.see(step(i, 0.0, {"layer 1": 0.0, "head": 0.0}))]
    assert len(said) == 2
