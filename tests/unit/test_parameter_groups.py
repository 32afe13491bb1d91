"""Which rate and which weight decay each parameter gets."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch

from burnish.adapters.full import Full
from burnish.adapters.head_only import HeadOnly
from burnish.adapters.lora import Lora
from burnish.core.network import Network
from burnish.training.parameter_groups import parameter_groups
from tests.checkpoints import ARCHITECTURES
from tests.network_cases import network


def groups_of(built: Network, **settings: Any) -> list[dict[str, Any]]:
    return parameter_groups(built, **{"learning_rate": 1e-3, "weight_decay": 0.1, **settings})


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_learning_parameter_is_in_one_group_at_its_rate(architecture: str) -> None:
    built = network(architecture)
    groups = groups_of(built, layer_decay=0.5)
    named = dict(built.named_parameters())
    names = [name for group in groups for name in group["burnish_names"]]
    assert sorted(names) == sorted(named)
    for group in groups:
        assert all(named[n] is p for n, p in zip(group["burnish_names"], group["params"], strict=True))
        assert {built.depth(name) for name in group["burnish_names"]} == {group["burnish_depth"]}
        assert group["burnish_layers"] == built.layers
        assert group["lr"] == pytest.approx(1e-3 * 0.5 ** (built.layers + 1 - group["burnish_depth"]))
        assert group["burnish_scale"] == pytest.approx(group["lr"] / 1e-3)
    assert groups[-1]["lr"] == 1e-3, "the head's rate is not decayed"
    assert groups[0]["burnish_depth"] == 0
    assert groups[0]["lr"] == pytest.approx(1e-3 * 0.5 ** (built.layers + 1)), "the embeddings' rate is decayed most"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_norms_and_biases_are_not_decayed_and_matrices_are(architecture: str) -> None:
    decay = {n: group["weight_decay"] for group in groups_of(network(architecture)) for n in group["burnish_names"]}
    named = dict(network(architecture).named_parameters())
    for name, value in decay.items():
        plain = named[name].ndim == 1 or name.endswith(".bias") or "norm" in name.lower() or ".ln_" in name
        if plain and named[name].ndim > 1:
            continue  # no norm has matrices
        assert value == (0.0 if plain else 0.1), name
    assert set(decay.values()) == {0.0, 0.1}


def test_norms_of_libraries_biases_and_vectors_are_not_decayed() -> None:
    class OddNorm(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(2, 2))

    built = network("bert")
    head: Any = built.backbone().get_submodule("classifier")
    head.odd = OddNorm()
    head.table_bias = torch.nn.Parameter(torch.zeros(2, 2))
    head.scale = torch.nn.Parameter(torch.ones(3))
    head.table = torch.nn.Parameter(torch.zeros(2, 2))
    decay = {
        n.removeprefix("model.classifier."): g["weight_decay"] for g in groups_of(built) for n in g["burnish_names"]
    }
    assert [decay[name] for name in ("odd.weight", "table_bias", "scale", "table")] == [0.0, 0.0, 0.0, 0.1]


def test_without_layer_decay_all_rates_are_equal_and_the_head_may_have_its_own() -> None:
    built = network("bert")
    assert {group["lr"] for group in groups_of(built)} == {1e-3}
    for group in groups_of(built, layer_decay=0.9, head_learning_rate=0.02):
        if group["burnish_depth"] == built.layers + 1:
            assert group["lr"] == 0.02
            assert group["burnish_scale"] == pytest.approx(20)
        else:
            assert group["lr"] < 1e-3


def test_what_never_learns_is_left_out() -> None:
    built = network("bert")
    HeadOnly().prepare(built)
    assert {name for g in groups_of(built) for name in g["burnish_names"]} == {
        "model.bert.pooler.dense.weight",
        "model.bert.pooler.dense.bias",
        "model.classifier.weight",
        "model.classifier.bias",
    }
    adapted = network("gpt2")
    Lora(rank=2).prepare(adapted)
    groups = groups_of(adapted, layer_decay=0.5)
    assert [group["burnish_depth"] for group in groups] == [1, 2, 3]
    assert all("lora_" in name or "score" in name for group in groups for name in group["burnish_names"])


def test_the_order_is_always_the_same_and_torch_takes_it() -> None:
    first, second = network("deberta_v2"), network("deberta_v2")
    Full().prepare(first)
    left, right = groups_of(first, layer_decay=0.9), groups_of(second, layer_decay=0.9)
    assert [g["burnish_names"] for g in left] == [g["burnish_names"] for g in right]
    assert all(a["burnish_depth"] <= b["burnish_depth"] for a, b in pairwise(left))
    optimizer = torch.optim.AdamW(left, lr=1.0)
    assert [g["lr"] for g in optimizer.param_groups] == [g["lr"] for g in left]
    zero = groups_of(first, learning_rate=0.0, layer_decay=0.5)
    assert zero[-1]["burnish_scale"] == 1.0
