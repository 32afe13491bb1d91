"""Adaptive gradient clipping against the formula written out, and where it makes no sense."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from burnish.core.errors import InputError
from burnish.training.clips._units import unit_norms
from tests.technique_cases import AXES, made, ready

AXIS = AXES["gradient_clip"]


def test_units_are_what_gives_one_output() -> None:
    """Rows of linear layers, filters of convolutions; the second axis of GPT-2's layers and transposed convolutions."""
    matrix = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    assert unit_norms(matrix, 0).tolist() == [[5.0], [2.0]]
    assert unit_norms(matrix, 1).squeeze(0).tolist() == pytest.approx([3.0, 20**0.5])
    assert float(unit_norms(torch.tensor([3.0, 4.0]), 0)) == 5.0
    filters = torch.ones(2, 3, 2, 2)
    assert unit_norms(filters, 0).flatten().tolist() == pytest.approx([12**0.5] * 2)


def test_gradients_are_cut_by_the_papers_formula(tmp_path: Path) -> None:
    """Equation 3 of Brock et al. 2021, row by row in numpy-like loops; the head is left out."""
    run, _ = ready(tmp_path, [])
    factor, smallest = 0.02, 1e-3
    part = made(AXIS, "agc", factor=factor, smallest=smallest).part(run.network, run.optimizer)
    assert part is not None
    generator = torch.Generator().manual_seed(0)
    expected = {}
    for name, parameter in run.network.named_parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator) * 0.01
        rows = (
            parameter.grad.clone().reshape(len(parameter), -1) if parameter.ndim > 1 else parameter.grad.clone()[None]
        )
        weights = parameter.detach().reshape(len(parameter), -1) if parameter.ndim > 1 else parameter.detach()[None]
        if run.network.depth(name) <= run.network.layers:
            for row, weight in zip(rows, weights, strict=True):
                longest = factor * max(float(weight.norm()), smallest)
                if float(row.norm()) > longest:
                    row.mul_(longest / float(row.norm()))
        expected[name] = rows.reshape(parameter.shape)
    assert part.on_clipping()
    for name, parameter in run.network.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], msg=name)


def test_transposed_layers_are_found() -> None:
    from burnish.training.clips._units import UnitClip

    class Conv1D(nn.Module):  # as transformers calls its linear layer of GPT-2
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([[1.0, 0.0], [1.0, 1e-6]]))

    network: Any = nn.ModuleDict({"layer": Conv1D()})
    weight = network["layer"].weight
    weight.grad = torch.ones(2, 2)
    groups = [{"params": [weight], "burnish_depth": 0, "burnish_layers": 1}]
    UnitClip(network, SimpleNamespace(param_groups=groups), 0.1, 1e-3, head=False).on_clipping()  # type: ignore[arg-type]
    torch.testing.assert_close(weight.grad.norm(dim=0), torch.tensor([0.1 * 2**0.5, 0.1 * 1e-3]))


@pytest.mark.parametrize(("adapter", "why"), [("lora", "begins at zero"), ("head_only", "nothing but the head learns")])
def test_refused_where_nothing_has_a_norm_to_be_measured_by(adapter: str, why: str) -> None:
    chosen: Any = SimpleNamespace(adapter=SimpleNamespace(kind=lambda: adapter))
    with pytest.raises(InputError, match=why) as caught:
        made(AXIS, "agc").check(chosen)
    assert caught.value.fix
    if adapter == "head_only":
        made(AXIS, "agc", head=True).check(chosen)
