"""Averages against torch's own, and choices by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, update_bn

from burnish.core.batch import Batch
from burnish.core.network import Network
from burnish.training import checkpoint, history
from burnish.training.accelerator import Accelerator
from burnish.training.averages import Trained
from burnish.training.averages.greedy_soup import GreedySoup
from burnish.training.averages.swa import Swa
from burnish.training.averages.wise_ft import WiseFt
from burnish.training.averaging import EqualAverage
from burnish.training.batch_norms import estimated_anew, learning_norms
from burnish.training.interpolation import between, mean
from burnish.training.loop import fit
from tests.training_cases import training


class Normed(nn.Module):
    """A network with a batch norm, as burnish calls networks."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layers(x)
        return out


def batches(count: int = 5) -> list[Batch]:
    random = np.random.default_rng(0)
    made = []
    for _ in range(count):
        x, nothing = random.normal(size=(6, 4)).astype(np.float32), np.zeros(6, np.int64)
        made.append(Batch({"x": x}, nothing, np.ones(6, np.float32), nothing, nothing, nothing, 6, 6))
    return made


def test_swa_is_torchs_mean_of_the_same_steps(tmp_path: Path) -> None:
    run = training(tmp_path, "label", double=True)
    average = EqualAverage(checkpoint.changing(run.network, run.optimizer), 0.5, 1)
    torchs = AveragedModel(cast(Any, run.network), use_buffers=True)
    for step in fit(run):
        average.update(step.number / 4)
        if step.number >= 2:
            torchs.update_parameters(cast(Any, run.network))
    assert average.updates == 3
    expected = dict(torchs.module.named_parameters())
    for name, value in average.values.items():
        torch.testing.assert_close(value, expected[name].detach(), rtol=0, atol=1e-12)


def test_swa_every_second_step(tmp_path: Path) -> None:
    weight = torch.zeros(1)
    average = EqualAverage({"w": weight}, 0.0, 2)
    for number in range(1, 6):
        weight.fill_(float(number))
        average.update(number / 5)
    assert average.values["w"].item() == pytest.approx((1 + 3 + 5) / 3)


def test_statistics_of_batch_norms_are_those_of_torch() -> None:
    ours, torchs = Normed(), Normed()
    estimated_anew(cast(Network, ours), batches(), Accelerator("cpu", "float32"), 0)
    torchs.train()
    update_bn([torch.from_numpy(b.inputs["x"]) for b in batches()], torchs)
    for name, value in torchs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, rtol=0, atol=0)
    assert not ours.training
    assert ours.layers[1].momentum == 0.1


def test_frozen_batch_norms_keep_their_statistics() -> None:
    network = Normed()
    network.layers[1].requires_grad_(False)
    before = network.layers[1].running_mean.clone()  # type: ignore[union-attr, operator]
    assert learning_norms(network) == []
    estimated_anew(cast(Network, network), batches(), Accelerator("cpu", "float32"), 0)
    assert torch.equal(network.layers[1].running_mean, before)  # type: ignore[arg-type]


def test_an_average_is_validated_with_the_statistics_it_is_saved_with() -> None:
    network = Normed()
    network.train()
    weights = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    average = EqualAverage(weights, 0.0, 1)
    average.refresh = lambda: estimated_anew(cast(Network, network), batches(), Accelerator("cpu", "float32"), 0)
    x = torch.randn(6, 4)
    for number in range(3):
        with torch.no_grad():
            network.layers[0].weight.add_(0.5)  # type: ignore[operator, union-attr]
        network(x)
        average.update(number / 3)
    before = {n: v.detach().clone() for n, v in weights.items()}
    with average.in_place():
        seen = network.eval()(x).detach().clone()
    assert all(torch.equal(v, before[n]) for n, v in weights.items())
    saved = {n: v.clone() for n, v in average.values.items()}
    fresh = Normed().eval()
    fresh.load_state_dict(saved)
    assert torch.equal(fresh(x), seen)
    assert not torch.equal(saved["layers.1.running_mean"], before["layers.1.running_mean"])


def weights(value: float) -> dict[str, torch.Tensor]:
    return {"head": torch.tensor([value]), "body": torch.tensor([2 * value]), "count": torch.tensor(3)}


def test_a_greedy_soup_takes_what_is_no_worse_in_the_order_of_validation() -> None:
    """The mean nearest to 2.5: of 3, 1, 9 and 3 the third one is left out."""
    others = [(step, lambda v=v: weights(v)) for step, v in ((7, 1.0), (9, 9.0), (4, 3.0), (5, 100.0))]
    asked: list[float] = []

    def score(one: Any) -> float:
        asked.append(float(one["head"]))
        return -abs(float(one["head"]) - 2.5)

    soup, words = GreedySoup(ingredients=4).chosen(Trained(weights(3.0), 2, others, {}, score))
    assert asked == pytest.approx([3.0, 2.0, 13 / 3, 7 / 3])
    assert float(soup["head"]) == pytest.approx(7 / 3)
    assert int(soup["count"]) == 3
    assert words == "greedy soup of 3 checkpoints (steps 2, 4, 7)"


def test_the_best_alone_stays_as_it_is_bit_for_bit() -> None:
    best = weights(0.1)
    soup, _ = GreedySoup().chosen(Trained(best, 2, [(3, lambda: weights(5.0))], {}, lambda w: -float(w["head"])))
    assert all(torch.equal(v, soup[n]) for n, v in best.items())
    assert between(weights(7.0), best, 1.0)["body"] is best["body"]


def test_wise_ft_goes_back_as_far_as_validates_best_and_keeps_the_head() -> None:
    start = {"body": torch.tensor([0.0])}
    scores = {1.0: 0.5, 0.9: 0.7, 0.8: 0.7, 0.7: 0.6}

    def score(one: Any) -> float:
        return scores.get(round(float(one["body"]) / 4.0, 6), 0.0)

    chosen, words = WiseFt().chosen(Trained(weights(2.0), 2, [], start, score))
    assert float(chosen["body"]) == pytest.approx(0.9 * 4.0)
    assert float(chosen["head"]) == 2.0
    assert words == "90% of the way from the pretrained to the fine-tuned weights"


def test_the_mean_is_computed_in_float64() -> None:
    tenth = {"w": torch.tensor([0.1], dtype=torch.float32)}
    assert torch.equal(mean([tenth] * 7)["w"], tenth["w"])


def test_the_rate_is_held_where_averaging_begins() -> None:
    from burnish.stages.train.averaged import Held

    held = Held(lambda progress, scores=(): 1 - progress, Swa(start=0.6).holds_rate_from)
    assert [held(p) for p in (0.0, 0.5, 0.6, 0.9)] == pytest.approx([1.0, 0.5, 0.4, 0.4])


def test_leading_validations() -> None:
    def one(step: int, good: float, loss: float) -> history.Validation:
        return history.Validation(step, 0.1, "f1", good, good, {"loss": loss})

    done = [one(1, 0.5, 1.0), one(2, 0.8, 0.9), one(3, 0.8, 0.4), one(4, float("nan"), 0.1), one(5, 0.7, 0.1)]
    assert [v.step for v in history.leading(done, 3)] == [3, 2, 5]
