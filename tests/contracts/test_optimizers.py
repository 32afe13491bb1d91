"""What every optimizer must do; above all, go on from stored tensors and numbers as if it had never stopped."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from burnish.core.component import build, kinds
from burnish.optimizers import Optimizer

AXIS = "burnish.optimizers"
# Adadelta's steps are relative to earlier steps and start tiny; its rate is about 1.
RATES = {"adadelta": 1.0, "sgd": 0.1, "adafactor": 0.1}


def settings_of(kind: str) -> list[dict[str, Any]]:
    """The defaults, and settings that make an optimizer keep more state."""
    more: dict[str, list[dict[str, Any]]] = {
        "sgd": [{"momentum": 0}, {"momentum": 0.9, "nesterov": True}],
        "rmsprop": [{"momentum": 0.9, "centered": True}],
        "muon": [{"nesterov": False, "rate_scale": "original"}],
    }
    return [{"kind": kind}, *({"kind": kind, **settings} for settings in more.get(kind, []))]


ALL = [settings for kind in kinds(AXIS) for settings in settings_of(kind)]


def network() -> nn.Sequential:
    """Embeddings, one block with a norm, and a head."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(11, 6), nn.Linear(6, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 3))


def groups_of(model: nn.Sequential, rate: float) -> list[dict[str, Any]]:
    """Parameter groups as the training stage makes them."""
    found = []
    for layer, depth in ((model[0], 0), (model[1], 1), (model[2], 1), (model[4], 2)):
        for parameter in layer.parameters():
            found.append(
                {
                    "params": [parameter],
                    "lr": rate * 0.9 ** (2 - depth),
                    "weight_decay": 0.05 if parameter.ndim > 1 else 0.0,
                    "burnish_depth": depth,
                    "burnish_layers": 1,
                    "burnish_rate": rate * 0.9 ** (2 - depth),
                }
            )
    return found


def made(settings: dict[str, Any], model: nn.Sequential) -> torch.optim.Optimizer:
    component = build(AXIS, settings)
    assert isinstance(component, Optimizer)
    rate = RATES.get(settings["kind"], 0.01)
    return component.build(groups_of(model, rate), rate)


def losses(model: nn.Sequential, optimizer: torch.optim.Optimizer, first: int, last: int) -> list[float]:
    """Steps `first` to `last`, each on rows and at a rate of its own."""
    found = []
    for number in range(first, last):
        tokens = torch.randint(0, 11, (8,), generator=torch.Generator().manual_seed(number))
        for group in optimizer.param_groups:
            group["lr"] = group["burnish_rate"] * (1 - number / 100)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(tokens), tokens % 3)
        loss.backward()
        optimizer.step()
        found.append(float(loss.detach()))
    return found


def stored(state: dict[str, Any]) -> dict[str, Any]:
    """A state dict through safetensors and JSON, as a checkpoint without pickle keeps it."""
    tensors, numbers = {}, {}
    for parameter, values in state["state"].items():
        for name, value in values.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{parameter}/{name}"] = value.contiguous()
            else:
                assert value is None or isinstance(value, int | float), f"{name} is {type(value)}"
                numbers[f"{parameter}/{name}"] = value
    read = {**load(save(tensors)), **json.loads(json.dumps(numbers))}
    back: dict[int, dict[str, Any]] = {parameter: {} for parameter in state["state"]}
    for key, value in read.items():
        parameter, _, name = key.partition("/")
        back[int(parameter)][name] = value
    return {"state": back, "param_groups": json.loads(json.dumps(state["param_groups"]))}


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_goes_on_bit_for_bit_from_stored_tensors_and_numbers(settings: dict[str, Any]) -> None:
    model = network()
    optimizer = made(settings, model)
    losses(model, optimizer, 0, 4)
    weights, state = {k: v.clone() for k, v in model.state_dict().items()}, stored(optimizer.state_dict())
    expected = losses(model, optimizer, 4, 9)

    fresh = network()
    fresh.load_state_dict(weights)
    resumed = made(settings, fresh)
    resumed.load_state_dict(state)
    assert losses(fresh, resumed, 4, 9) == expected
    for one, other in zip(model.parameters(), fresh.parameters(), strict=True):
        assert torch.equal(one, other)
    assert json.dumps(resumed.state_dict()["param_groups"]) == json.dumps(optimizer.state_dict()["param_groups"])


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_learns(kind: str) -> None:
    model = network()
    found = losses(model, made({"kind": kind}, model), 0, 60)
    assert sum(found[-5:]) < 0.9 * sum(found[:5])


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_holds_every_parameter_once_and_leaves_the_groups_it_was_given(settings: dict[str, Any]) -> None:
    model = network()
    groups = groups_of(model, 0.01)
    keys = [set(group) for group in groups]
    component = build(AXIS, settings)
    assert isinstance(component, Optimizer)
    optimizer = component.build(groups, 0.5)
    held = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters())
    assert [set(group) for group in groups] == keys
    given = {id(p): group for group in groups for p in group["params"]}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            for key, value in given[id(parameter)].items():
                assert key == "params" or group[key] == value


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_rate_zero_and_missing_gradients_change_nothing(settings: dict[str, Any]) -> None:
    model = network()
    optimizer = made(settings, model)
    before = [p.detach().clone() for p in model.parameters()]
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    model(torch.arange(4)).sum().backward()
    optimizer.step()
    for group in optimizer.param_groups:
        group["lr"] = 1.0
    optimizer.zero_grad()
    optimizer.step()
    for parameter, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter, old)


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_a_schedule_scales_every_parameter(settings: dict[str, Any]) -> None:
    """Rates are read from the groups at every step, also after loading."""
    model = network()
    optimizer = made(settings, model)
    losses(model, optimizer, 0, 2)
    optimizer.load_state_dict(stored(optimizer.state_dict()))
    before = [p.detach().clone() for p in model.parameters()]
    for group in optimizer.param_groups:
        group["lr"] = group["burnish_rate"]
    model(torch.arange(11)).square().sum().backward()
    optimizer.step()
    assert all(not torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True))


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_is_written_and_read_back(settings: dict[str, Any]) -> None:
    component = build(AXIS, settings)
    assert build(AXIS, component.model_dump()) == component
    assert component.sentence()
