"""A temperature goes into the last layer where that is exact; elsewhere no weight changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from burnish.core.batch import Array
from burnish.core.network import Network
from burnish.training.temperature import folded
from tests.network_cases import batch, network


def logits_of(built: Network) -> Callable[[], Array]:
    inputs = batch(built)

    def logits() -> Array:
        with torch.inference_mode():
            return built(**inputs).numpy()  # type: ignore[no-any-return]

    return logits


@pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert", "gpt2", "deberta_v2", "modernbert"])
def test_logits_become_those_divided(architecture: str) -> None:
    """In a head with one layer or two, with a bias or without."""
    built = network(architecture)
    before = logits_of(built)()
    names = {name: value.clone() for name, value in built.named_parameters()}
    assert folded(built, 1.7, 3, logits_of(built))
    assert np.allclose(logits_of(built)(), before / 1.7, atol=1e-9)
    changed = [name for name, value in built.named_parameters() if not torch.equal(value, names[name])]
    assert {name.rpartition(".")[0] for name in changed} == {changed[0].rpartition(".")[0]}


class Bent(torch.nn.Module):
    """After the last layer comes another step."""

    def __init__(self, built: Network, bend: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.built, self.bend, self.layers = built, bend, built.layers

    def depth(self, name: str) -> int:
        return self.built.depth(name.removeprefix("built."))

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        return self.bend(self.built(**inputs))


@pytest.mark.parametrize("bend", [torch.tanh, lambda x: x + 1, lambda x: x / x.norm(dim=-1, keepdim=True)])
def test_where_the_last_step_is_not_linear_nothing_changes(bend: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Not a weight, and the answer says so."""
    built = network("bert")
    inputs, bent = batch(built), Bent(built, bend)
    before = {name: value.clone() for name, value in built.named_parameters()}
    with torch.inference_mode():
        assert not folded(bent, 2.0, 3, lambda: bent(**inputs).numpy())  # type: ignore[arg-type]
    assert all(torch.equal(value, before[name]) for name, value in built.named_parameters())
