"""Schedules against their counterparts in torch, and their own formulas where torch has none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.schedules import Schedule, ValidationScore
from burnish.schedules.cosine import Cosine
from burnish.schedules.cosine_with_restarts import CosineWithRestarts
from burnish.schedules.exponential import Exponential
from burnish.schedules.inverse_square_root import InverseSquareRoot
from burnish.schedules.linear import Linear
from burnish.schedules.multi_step import MultiStep
from burnish.schedules.one_cycle import OneCycle
from burnish.schedules.polynomial import Polynomial
from burnish.schedules.reduce_on_plateau import ReduceOnPlateau
from burnish.schedules.step_decay import StepDecay
from burnish.schedules.warmup_stable_decay import WarmupStableDecay

STEPS = 60
rates = torch.optim.lr_scheduler


def torchs(make: Callable[[torch.optim.Optimizer], rates.LRScheduler], steps: int = STEPS) -> list[float]:
    """The rates of a torch scheduler over a base rate of 1, one for each step."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, found = make(optimizer), []
    for _ in range(steps):
        found.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return found


def ours(schedule: Schedule) -> list[float]:
    return [schedule(step / STEPS) for step in range(STEPS)]


COUNTERPARTS: list[tuple[Schedule, Callable[[torch.optim.Optimizer], rates.LRScheduler]]] = [
    (
        Linear(warmup_ratio=0, final_ratio=0.1),
        lambda o: rates.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=STEPS),
    ),
    (Cosine(warmup_ratio=0, final_ratio=0.1), lambda o: rates.CosineAnnealingLR(o, T_max=STEPS, eta_min=0.1)),
    (
        CosineWithRestarts(warmup_ratio=0, cycles=3, final_ratio=0.05),
        lambda o: rates.CosineAnnealingWarmRestarts(o, T_0=STEPS // 3, eta_min=0.05),
    ),
    (StepDecay(warmup_ratio=0, gamma=0.3, drops=2), lambda o: rates.StepLR(o, step_size=STEPS // 3, gamma=0.3)),
    (StepDecay(warmup_ratio=0, gamma=0.3, every=0.1), lambda o: rates.StepLR(o, step_size=STEPS // 10, gamma=0.3)),
    (
        MultiStep(warmup_ratio=0, milestones=[0.1, 0.55, 0.9], gamma=0.2),
        lambda o: rates.MultiStepLR(o, milestones=[6, 33, 54], gamma=0.2),
    ),
    (Exponential(warmup_ratio=0, final_ratio=0.02), lambda o: rates.ExponentialLR(o, gamma=0.02 ** (1 / STEPS))),
    (Polynomial(warmup_ratio=0, power=3), lambda o: rates.PolynomialLR(o, total_iters=STEPS, power=3)),
]


@pytest.mark.parametrize(("schedule", "make"), COUNTERPARTS, ids=lambda value: getattr(type(value), "__name__", ""))
def test_is_torchs(schedule: Schedule, make: Callable[[torch.optim.Optimizer], rates.LRScheduler]) -> None:
    assert ours(schedule) == pytest.approx(torchs(make), rel=1e-9, abs=1e-12)


def test_one_cycle_is_torchs() -> None:
    """torch counts its two stretches from step 0 to 0.4 x steps - 1 to steps - 1; stretched to progress they agree."""
    steps, peak = 101, 0.4
    expected = torchs(
        lambda o: rates.OneCycleLR(
            o, max_lr=1.0, total_steps=steps, pct_start=peak, div_factor=10, final_div_factor=100, cycle_momentum=False
        ),
        steps - 1,
    )
    top = peak * steps - 1
    schedule = OneCycle(peak=peak, initial_divisor=10, final_divisor=100)
    for step, rate in enumerate(expected):
        progress = peak * step / top if step <= top else peak + (1 - peak) * (step - top) / (steps - 1 - top)
        assert schedule(progress) == pytest.approx(rate, rel=1e-9)
    assert schedule(1.0) == pytest.approx(1 / 1000)


@pytest.mark.parametrize(
    ("patience", "cooldown", "minimum_change"), [(0, 0, 0.0), (1, 0, 0.01), (2, 3, 0.0), (0, 2, 0.05), (3, 1, 0.01)]
)
def test_reduce_on_plateau_is_torchs(patience: int, cooldown: int, minimum_change: float) -> None:
    values = np.random.default_rng(7).normal(0, 0.03, 80) + np.linspace(0, 0.1, 80)
    values[11] = float("nan")
    schedule = ReduceOnPlateau(
        warmup_ratio=0,
        factor=0.5,
        patience=patience,
        cooldown=cooldown,
        minimum_change=minimum_change,
        minimum_ratio=0.05,
    )
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = rates.ReduceLROnPlateau(
        optimizer, "max", 0.5, patience, minimum_change, "abs", cooldown=cooldown, min_lr=0.05, eps=0
    )
    scores = [ValidationScore((i + 1) / 80, float(value)) for i, value in enumerate(values)]
    assert schedule(0.0, scores) == 1.0
    for score in scores:
        scheduler.step(score.value)
        assert schedule(score.progress, scores) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
    assert schedule(1.0, scores) < 1.0


def test_reduce_on_plateau_counts_progress_of_the_whole_run() -> None:
    """A score at the very step that is asked about counts, in spite of rounding."""
    for warmup in (0.05, 0.06, 0.1, 0.2, 0.3):
        schedule = ReduceOnPlateau(warmup_ratio=warmup, patience=0)
        for step in range(310, 1000):
            scores = [ValidationScore(step / 1000 - 0.01, 1.0), ValidationScore(step / 1000, 0.5)]
            assert schedule(step / 1000, scores) == 0.5
            assert schedule((step - 1) / 1000, scores) == 1.0


def test_restarts_start_from_lower_peaks() -> None:
    schedule = CosineWithRestarts(warmup_ratio=0, cycles=4, decay=0.5)
    assert [schedule(p) for p in (0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx([1, 0.5, 0.25, 0.125, 0])


def test_restarts_happen_on_the_step_and_not_a_rounding_error_later() -> None:
    for cycles in range(1, 30):
        schedule = CosineWithRestarts(warmup_ratio=0, cycles=cycles)
        assert all(schedule(step / cycles) == 1.0 for step in range(cycles))


def test_inverse_square_root_is_the_formula_of_the_paper() -> None:
    schedule = InverseSquareRoot(warmup_ratio=0.04)
    assert [schedule(p) for p in (0.04, 0.16, 0.64, 1.0)] == pytest.approx([1, 0.5, 0.25, 0.2])
    assert InverseSquareRoot(warmup_ratio=0.5, timescale=0.1)(0.6) == pytest.approx(1 / math.sqrt(2))


def test_milestones_are_shares_of_the_whole_run() -> None:
    schedule = MultiStep(warmup_ratio=0.3, milestones=[0.5, 0.75], gamma=0.1)
    assert [schedule(p) for p in (0.3, 0.49, 0.5, 0.74, 0.75, 1.0)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_milestones_fall_on_the_step_and_not_a_rounding_error_later() -> None:
    for warmup in (0.05, 0.06, 0.1, 0.2):
        for step in range(210, 1000):
            schedule = MultiStep(warmup_ratio=warmup, milestones=[step / 1000], gamma=0.1)
            assert (schedule((step - 1) / 1000), schedule(step / 1000)) == (1.0, 0.1)


@pytest.mark.parametrize(
    ("shape", "halfway"), [("linear", 0.5), ("cosine", 0.5), ("one_minus_square_root", 1 - math.sqrt(0.5))]
)
def test_warmup_stable_decay_falls_over_the_last_share_of_the_run(shape: Any, halfway: float) -> None:
    schedule = WarmupStableDecay(warmup_ratio=0.1, decay_ratio=0.4, shape=shape, final_ratio=0.2)
    expected = [1, 1, 0.2 + 0.8 * halfway, 0.2]
    assert [schedule(p) for p in (0.1, 0.6, 0.8, 1.0)] == pytest.approx(expected)


def test_warmup_stable_decay_without_room_decays_from_the_end_of_warmup() -> None:
    schedule = WarmupStableDecay(warmup_ratio=0.5, decay_ratio=1.0, shape="linear")
    assert [schedule(p) for p in (0.25, 0.5, 0.75, 1.0)] == pytest.approx([0.5, 1, 0.5, 0])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "multi_step", "milestones": [0.7, 0.5]}, "milestones must increase"),
        ({"kind": "multi_step", "milestones": [30, 60]}, "milestones"),
        ({"kind": "cosine_with_restarts", "cycles": 5, "decay": 0.5, "final_ratio": 0.1}, "below final_ratio"),
        ({"kind": "exponential", "final_ratio": 0}, "final_ratio"),
        ({"kind": "cosine", "final_rato": 0.1}, "write 'final_ratio' instead of 'final_rato'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_settings_that_make_no_sense_are_refused_in_words(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        build("burnish.schedules", settings, place="schedule")
