"""The moving average of weights: its formula, what it takes in, and that the network gets its own weights back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.training.averaging import MovingAverage
from tests.integration.survival import runs
from tests.integration.survival_data import recipe


def test_the_decay_warms_up_to_its_limit() -> None:
    """Every update follows min(decay, (1 + n) / (10 + n)), also where the limit is reached."""
    weight = torch.zeros(3)
    average, expected = MovingAverage({"w": weight}, 0.5), 0.0
    for n in range(1, 30):
        weight.fill_(float(n))
        average.update()
        decay = min(0.5, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * n
        torch.testing.assert_close(average.values["w"], torch.full((3,), expected), rtol=1e-5, atol=1e-5)
    assert average.updates == 29


def test_batch_norm_is_averaged_and_the_network_gets_its_weights_back() -> None:
    """Statistics are averaged, counters copied; inside the context the network has the average, after it its own, bit for bit."""
    norm = nn.BatchNorm1d(4)
    average = MovingAverage({**dict(norm.named_parameters()), **dict(norm.named_buffers())}, 0.9)
    for i in range(5):
        norm(torch.randn(8, 4) * (i + 1) + i)
        average.update()
    assert norm.running_mean is not None
    assert int(average.values["num_batches_tracked"]) == 5
    assert not torch.equal(average.values["running_mean"], norm.running_mean)
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    with average.in_place():
        torch.testing.assert_close(norm.running_mean, average.values["running_mean"], rtol=0, atol=0)
    assert all(torch.equal(value, before[name]) for name, value in norm.state_dict().items())


def test_low_precision_weights_are_averaged_in_float32() -> None:
    """Steps that bfloat16 would round away are kept in the average."""
    weight = torch.ones(2, dtype=torch.bfloat16)
    average = MovingAverage({"w": weight}, 0.9999)
    average.updates = 10**6
    weight.fill_(2.0)
    for _ in range(10):
        average.update()
    assert average.values["w"].dtype == torch.float32
    assert float(average.values["w"][0]) == pytest.approx(1.001, abs=1e-5)


def test_validation_and_bundle_see_the_average(tmp_path: Path) -> None:
    """The bundle's weights are the average of the best checkpoint, whose hash best.json names; the report says so."""
    file = recipe(tmp_path, "label", count=60, averaging=0.9)
    with runs(tmp_path) as place:
        place.complete("train", file, "--out", tmp_path / "run")
    run = tmp_path / "run"
    best = json.loads((run / "best.json").read_text())
    folder = run / "checkpoints" / f"step-{best['step']:08d}"
    average, last = load_file(folder / "average.safetensors"), load_file(folder / "weights.safetensors")
    bundle = load_file(run / "bundle" / "model" / "model.safetensors")
    for name, value in average.items():
        assert torch.equal(bundle[name.removeprefix("model.")], value), name
    assert any(not torch.equal(average[name], last[name]) for name in last)
    scores = json.loads((run / "scores.json").read_text())
    assert "averaged" in scores["training"]["chosen_by"]
    from burnish.core.files import sha256

    assert best["hash"] == sha256(folder / "average.safetensors")


def test_the_decay_alone_is_enough() -> None:
    """`averaging: 0.99` is the decay; 1 would never learn."""
    made = Recipe.load({"data": "a.csv", "averaging": 0.99})
    assert made.averaging is not None
    assert made.averaging.decay == 0.99
    with pytest.raises(InputError, match="averaging"):
        Recipe.load({"data": "a.csv", "averaging": 1.0})
