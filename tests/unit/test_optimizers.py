"""What is burnish's own in the optimizers: Lion, the Muon and AdamW pair, fused kernels, defaults."""

from __future__ import annotations

import pytest
import torch

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.optimizers import Optimizer
from burnish.optimizers.adam import Adam
from burnish.optimizers.adamw import AdamW
from burnish.optimizers.lion import Lion
from burnish.optimizers.muon import Muon
from burnish.optimizers.sgd import SGD
from tests.contracts.test_optimizers import groups_of, losses, network

AXIS = "burnish.optimizers"


@pytest.mark.parametrize("kind", ["adamw", "adam", "sgd", "adagrad"])
def test_fused_where_torch_has_a_kernel_for_the_cpu(kind: str) -> None:
    component = build(AXIS, kind)
    assert isinstance(component, Optimizer)
    assert all(group["fused"] is True for group in component.build(groups_of(network(), 0.1), 0.1).param_groups)


@pytest.mark.parametrize("kind", ["adamw", "adam", "sgd", "adagrad"])
def test_the_choice_is_left_to_torch_where_there_is_no_fused_kernel(kind: str) -> None:
    component = build(AXIS, kind)
    assert isinstance(component, Optimizer)
    groups = [{"params": [torch.nn.Parameter(torch.zeros(2, device="meta"))], "lr": 0.1, "weight_decay": 0.0}]
    assert component.build(groups, 0.1).param_groups[0]["fused"] is None


@pytest.mark.parametrize(
    ("component", "plain", "settings"),
    [(AdamW(), torch.optim.AdamW, {}), (Adam(), torch.optim.Adam, {}), (SGD(), torch.optim.SGD, {"momentum": 0.9})],
    ids=["adamw", "adam", "sgd"],
)
def test_fused_follows_torchs_plain_loop(component: Optimizer, plain: type, settings: dict[str, float]) -> None:
    fused_model, plain_model = network(), network()
    losses(fused_model, component.build(groups_of(fused_model, 0.01), 0.01), 0, 20)
    losses(plain_model, plain(groups_of(plain_model, 0.01), foreach=False, fused=False, **settings), 0, 20)
    for one, other in zip(fused_model.parameters(), plain_model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_lion_takes_the_steps_of_the_paper() -> None:
    """Two steps by hand, from algorithm 2."""
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64))
    optimizer = Lion(beta1=0.9, beta2=0.99).build([{"params": [weight], "lr": 0.1, "weight_decay": 0.5}], 0.1)
    expected, momentum = weight.detach().clone(), torch.zeros(3, dtype=torch.float64)
    for gradient in (torch.tensor([1.0, -4.0, 0.0]), torch.tensor([-0.2, 5.0, 1.0])):
        gradient = gradient.double()
        weight.grad = gradient
        optimizer.step()
        expected = expected - 0.1 * ((0.9 * momentum + 0.1 * gradient).sign() + 0.5 * expected)
        momentum = 0.99 * momentum + 0.01 * gradient
    torch.testing.assert_close(weight.detach(), expected)


def test_muon_gives_matrices_of_blocks_to_muon_and_the_rest_to_adamw() -> None:
    model = network()
    optimizer = Muon().build(groups_of(model, 0.01), 0.01)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    held = {names[id(p)]: group["algorithm"] for group in optimizer.param_groups for p in group["params"]}
    assert {name for name, algorithm in held.items() if algorithm == "muon"} == {"1.weight"}
    assert set(held) == set(names.values())


def test_muon_splits_a_group_that_holds_both_with_its_names() -> None:
    bias, matrix = torch.nn.Parameter(torch.zeros(3)), torch.nn.Parameter(torch.eye(3))
    group = {
        "params": [bias, matrix],
        "lr": 0.1,
        "weight_decay": 0.0,
        "burnish_depth": 1,
        "burnish_layers": 2,
        "burnish_names": ["b", "m"],
    }
    found = Muon().build([group], 0.1).param_groups
    assert [(g["algorithm"], g["params"], g["burnish_names"], g["burnish_depth"]) for g in found] == [
        ("muon", [matrix], ["m"], 1),
        ("adamw", [bias], ["b"], 1),
    ]


def test_muon_is_torchs_muon_beside_torchs_adamw() -> None:
    ours, theirs = network(), network()
    found = losses(ours, Muon().build(groups_of(ours, 0.01), 0.01), 0, 8)
    groups = groups_of(theirs, 0.01)
    inside = [g for g in groups if g["burnish_depth"] == 1 and g["params"][0].ndim == 2]
    muon = torch.optim.Muon(inside, adjust_lr_fn="match_rms_adamw")
    adamw = torch.optim.AdamW([g for g in groups if g not in inside], fused=True)

    class Both:
        param_groups = [*muon.param_groups, *adamw.param_groups]

        def zero_grad(self) -> None:
            muon.zero_grad()
            adamw.zero_grad()

        def step(self) -> None:
            muon.step()
            adamw.step()

    assert losses(theirs, Both(), 0, 8) == found  # type: ignore[arg-type]


def test_muon_without_a_matrix_says_so_instead_of_being_adamw() -> None:
    model = network()
    with pytest.raises(InputError, match="muon has no matrix to train"):
        Muon().build([group for group in groups_of(model, 0.01) if group["burnish_depth"] == 2], 0.01)


def test_l2_decay_is_off_by_default_and_decoupled_decay_is_on() -> None:
    decay = {
        kind: build(AXIS, kind).model_dump()["weight_decay"] for kind in ("adam", "sgd", "rmsprop", "adamw", "lion")
    }
    assert decay == {"adam": 0.0, "sgd": 0.0, "rmsprop": 0.0, "adamw": 0.01, "lion": 0.1}


def test_nesterov_without_momentum_is_refused() -> None:
    with pytest.raises(InputError, match="nesterov looks ahead along the momentum"):
        build(AXIS, {"kind": "sgd", "momentum": 0, "nesterov": True})
