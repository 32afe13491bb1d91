"""The learning rate range test: what it reads from a curve, and that nothing is left of it."""

from __future__ import annotations

import copy
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from burnish.training.loop import Training, fit
from burnish.training.range_test import EXPLODED, KEPT, SKIPPED, _read, range_test
from tests.training_cases import training

RATES = [float(rate) for rate in np.geomspace(1e-6, 1.0, 61)]


def everything(run: Training) -> dict[str, torch.Tensor]:
    """Weights, buffers and optimizer state."""
    state = {f"network.{name}": value.clone() for name, value in run.network.state_dict().items()}
    for number, held in run.optimizer.state_dict()["state"].items():
        state |= {f"optimizer.{number}.{name}": torch.as_tensor(value).clone() for name, value in held.items()}
    return state


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    assert not [name for name in a if not torch.equal(a[name], b[name])]


@pytest.mark.parametrize("begun", [0, 2])
@pytest.mark.parametrize("adapter", ["full", "gradual_unfreezing"])
def test_everything_is_put_back_bit_for_bit(tmp_path: Path, adapter: str, begun: int) -> None:
    """Before the first step and in the middle of a run: then it goes on as if there had been no test."""
    runs = [training(tmp_path, dropout=0.1, adapter={"kind": adapter}) for _ in range(2)]
    for run in runs:
        for step in fit(run):
            if step.number == begun:
                break
    if not begun:
        runs = [training(tmp_path, dropout=0.1, adapter={"kind": adapter}) for _ in range(2)]
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)
    streams = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy())  # type: ignore[index, union-attr]
    before, tested = everything(runs[0]), runs[0]
    groups = copy.deepcopy([{k: v for k, v in g.items() if k != "params"} for g in tested.optimizer.param_groups])
    learns = {name: p.requires_grad for name, p in tested.network.named_parameters()}
    modes = [module.training for module in tested.objective.modules()]
    found = range_test(tested, steps=12, lowest=1e-5, highest=10.0)
    assert len(found.rates) > 3
    same(before, everything(tested))
    assert groups == [{k: v for k, v in g.items() if k != "params"} for g in tested.optimizer.param_groups]
    assert learns == {name: p.requires_grad for name, p in tested.network.named_parameters()}
    assert modes == [module.training for module in tested.objective.modules()]
    assert all(p.grad is None for p in tested.network.parameters())
    assert torch.equal(streams[0], torch.get_rng_state())
    assert streams[1] == random.getstate()
    np.testing.assert_array_equal(streams[2], np.random.get_state()[1])  # type: ignore[index, arg-type]
    losses = [[step.loss for step in fit(run, start=begun)] for run in runs]
    assert losses[0] == losses[1]
    same(everything(runs[0]), everything(runs[1]))


def test_rates_rise_evenly_on_a_scale_of_ratios_and_the_loss_explodes(tmp_path: Path) -> None:
    found = range_test(training(tmp_path), steps=40, lowest=1e-6, highest=100.0)
    ratios = np.diff(np.log(found.rates))
    np.testing.assert_allclose(ratios, np.log(1e8) / 40)
    assert found.rates[0] == pytest.approx(1e-6 * 10 ** (8 / 80))
    assert "exploded" in found.ended or "not finite" in found.ended
    assert len(found.rates) < 40


def test_smoothed_is_the_weighted_mean_of_all_before_it(tmp_path: Path) -> None:
    """Bias correction: an average with falling weights that add up to 1, from the first step on."""
    found = range_test(training(tmp_path), steps=12, lowest=1e-6, highest=1e-3)
    for end in range(1, len(found.losses) + 1):
        weights = KEPT ** np.arange(end)[::-1]
        assert found.smoothed[end - 1] == pytest.approx(np.average(found.losses[:end], weights=weights))
    assert found.smoothed[0] == found.losses[0]


def test_a_curve_that_falls_and_explodes() -> None:
    """Falls fastest at 1e-3 and is lowest at 1e-1."""
    x = np.log10(RATES)
    curve = 2 - 1 / (1 + np.exp(-4 * (x + 3))) + np.where(x > -1, (x + 1) ** 2 * 5, -0.01 * (x + 6))
    suggested, steepest, lowest = _read(RATES, curve.tolist())
    assert steepest == pytest.approx(1e-3, rel=0.3)
    assert lowest == pytest.approx(1e-1, rel=0.3)
    assert suggested == steepest
    early = _read(RATES, np.concatenate([curve[:33], curve[32] + np.arange(28.0)]).tolist())
    assert early[0] == pytest.approx(early[2] / 10)  # the fall breaks off: a tenth of the lowest is less


def test_no_fall_no_suggestion() -> None:
    rising = (1 + np.arange(61) / 10).tolist()
    assert _read(RATES, rising)[0] is None
    assert _read(RATES, [1.0] * 61)[0] is None
    assert _read([], [])[0] is None
    assert SKIPPED >= 1
    assert EXPLODED > 1
