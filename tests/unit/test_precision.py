"""`precision: auto` on a CPU: found by trying, only where there is something to gain, and without a trace in the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import nn

from burnish.core.network import Network
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import loads
from burnish.stages.train.precision import joined
from burnish.stages.train.run_folder import RunFolder
from burnish.training import accelerator as accelerators
from burnish.training import precision
from burnish.training.accelerator import Accelerator
from burnish.training.precision import Trial, decide, products, tried

INPUTS = {"pixel_values": np.ones((2, 3, 8, 8), np.float32)}


class Small(Network):
    """Two equal layers, a convolution, an embedding and a norm, of which the last three multiply no matrices."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, width, 3, padding=1)
        self.first, self.second, self.head = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, 2)
        self.embedding, self.norm, self.dropout = nn.Embedding(4, width), nn.LayerNorm(width), nn.Dropout(0.5)

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        seen = self.convolution(inputs["pixel_values"]).mean(dim=(2, 3))
        seen = self.norm(seen + self.embedding(torch.zeros(len(seen), dtype=torch.long)))
        return cast(torch.Tensor, self.head(self.dropout(self.second(self.first(seen)))))

    features = forward

    def depth(self, parameter: str) -> int:
        return 1

    @property
    def layers(self) -> int:
        return 1

    def save(self, folder: Path) -> None:
        raise NotImplementedError

    def backbone(self) -> nn.Module:
        return self


def undecided(monkeypatch: pytest.MonkeyPatch) -> Accelerator:
    """An accelerator on a CPU that has instructions for bfloat16."""
    monkeypatch.setattr(accelerators, "cpu_bfloat16", lambda: True)
    found = Accelerator("cpu", "auto")
    assert found.undecided
    return found


def trial(gain: float) -> Trial:
    return Trial(gain, 1e11, gain * 1e11, 0.5)


def test_auto_is_left_open_only_where_the_cpu_has_instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    assert undecided(monkeypatch).precision == "float32"  # until it is found
    assert not Accelerator("cpu", "float32").undecided
    assert not Accelerator("cpu", "bfloat16").undecided
    monkeypatch.setattr(accelerators, "cpu_bfloat16", lambda: False)
    plain = Accelerator("cpu", "auto")
    assert (plain.precision, plain.undecided) == ("float32", False)


def test_layers_that_multiply_are_found_equal_ones_together_the_costliest_first() -> None:
    network = Small()
    found = products(network, {"pixel_values": torch.ones(2, 3, 8, 8)})
    assert [type(p.module).__name__ for p in found] == ["Conv2d", "Linear", "Linear"]
    assert [p.count for p in found] == [1, 2, 1]
    assert found[0].operations == 2 * (2 * 16 * 8 * 8) * (3 * 3 * 3)
    assert found[1].operations == 2 * (2 * 2 * 16 * 16)


def test_trying_leaves_the_network_and_the_random_numbers_of_the_run_as_they_were() -> None:
    network = Small().train()
    network.norm.eval()
    network.first.weight.requires_grad_(False)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(3)
    wanted = torch.rand(4)
    torch.manual_seed(3)
    tried(products(network, {"pixel_values": torch.ones(2, 3, 8, 8)}), rows=8)
    assert torch.equal(torch.rand(4), wanted)
    assert network.dropout.training
    assert not network.norm.training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not network.first.weight.requires_grad
    assert not network.first._forward_hooks
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_tiny_network_has_nothing_to_gain_and_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*values: Any) -> Trial:
        raise AssertionError("tried")

    monkeypatch.setattr(precision, "tried", never)
    accelerator = undecided(monkeypatch)
    assert decide(accelerator, Small(), INPUTS, rows=64) == []
    assert (accelerator.precision, accelerator.undecided) == ("float32", False)
    assert decide(accelerator, Small(), INPUTS, rows=64) == []  # what is decided stays


@pytest.mark.parametrize(
    ("found", "wanted"),
    [(trial(2.4), "bfloat16"), (trial(1.2), "float32"), (trial(0.5), "float32")],
    ids=["fast", "not clearly", "slow"],
)
def test_a_clear_gain_is_needed_and_the_figures_are_said(
    monkeypatch: pytest.MonkeyPatch, found: Trial, wanted: str
) -> None:
    monkeypatch.setattr(precision, "SMALLEST", 0)
    monkeypatch.setattr(precision, "tried", lambda products, rows: found)
    accelerator = undecided(monkeypatch)
    (said,) = decide(accelerator, Small(), INPUTS, rows=8)
    assert accelerator.precision == wanted
    assert said.startswith(f"precision: {wanted};")
    assert f"{found.gain:.2f} times" in said
    with accelerator.autocast():
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == getattr(torch, wanted)


def test_what_bfloat16_cannot_do_here_is_float32_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*values: Any) -> Trial:
        raise RuntimeError("could not create a primitive\nat some place")

    monkeypatch.setattr(precision, "SMALLEST", 0)
    monkeypatch.setattr(precision, "tried", fails)
    accelerator = undecided(monkeypatch)
    (said,) = decide(accelerator, Small(), INPUTS, rows=8)
    assert accelerator.precision == "float32"
    assert "could not create a primitive" in said
    assert "\n" not in said


@pytest.mark.parametrize("gain", [2.0, 0.5])
def test_a_machine_that_is_busy_now_and_then_changes_nothing(monkeypatch: pytest.MonkeyPatch, gain: float) -> None:
    noise = np.random.default_rng(0)
    clock = [0.0]

    def seconds(chosen: Any, number_type: torch.dtype) -> float:
        taken = 0.02 / (gain if number_type == torch.bfloat16 else 1)
        taken *= 1 + noise.random() * 0.2
        if noise.random() < 0.15:
            taken *= 8  # another program had the core
        clock[0] += taken
        return float(taken)

    monkeypatch.setattr(precision, "_seconds", seconds)
    monkeypatch.setattr(precision.time, "perf_counter", lambda: clock[0])
    for _ in range(20):
        found = tried([], rows=8)
        assert (found.gain >= precision.NEEDED) == (gain > 1)


def begun(folder: Path, written: str, told: str | None) -> RunFolder:
    """A run folder whose recipe and events say these precisions."""
    (folder / "recipe.yaml").write_text(f"precision: {written}\n")
    events = [{"name": "run_started", "precision": told}] if told else []
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return RunFolder(folder)


@pytest.mark.parametrize(
    ("written", "told", "wanted", "recipe_says"),
    [
        ("bfloat16", None, "bfloat16", "bfloat16"),
        ("float32", "float32", "float32", "float32"),
        ("auto", "bfloat16", "bfloat16", "auto"),
        ("auto", "float32", "float32", "auto"),
    ],
    ids=["bfloat16", "float32", "0.7.0 in bfloat16", "0.7.0 in float32"],
)
def test_a_resumed_run_computes_in_what_it_began_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str, told: str | None, wanted: str, recipe_says: str
) -> None:
    monkeypatch.setattr(accelerators, "cpu_bfloat16", lambda: True)
    recipe = Recipe.load(loads("{data: some.csv, device: cpu, precision: auto}"))
    found, accelerator = joined(recipe, begun(tmp_path, written, told), resume=True)
    assert (accelerator.precision, accelerator.undecided) == (wanted, False)
    assert found.precision == recipe_says
