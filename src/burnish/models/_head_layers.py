"""A deeper head in the place of one linear layer, and the layers it is made of."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from burnish.core.errors import InputError
from burnish.core.seeds import derive

if TYPE_CHECKING:
    from burnish.models import Head

GROUPS = 32
"""Groups of a group norm at most, as in the paper (Wu and He, 2018, arXiv 1803.08494)."""


class WeightNormedLinear(nn.Module):
    """A linear layer whose rows have a length of their own (Salimans and Kingma, 2016, arXiv 1602.07868).

    Args:
        inputs, outputs: sizes.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        drawn = nn.Linear(inputs, outputs)
        self.direction = nn.Parameter(drawn.weight.detach().clone())
        self.length = nn.Parameter(drawn.weight.detach().norm(dim=1))
        self.bias = nn.Parameter(drawn.bias.detach().clone())

    def weight(self) -> torch.Tensor:
        """[outputs, inputs]: directions of length 1, times the lengths."""
        normed: torch.Tensor = self.direction * (self.length / self.direction.norm(dim=1))[:, None]
        return normed

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """[..., outputs] of [..., inputs]."""
        return functional.linear(states, self.weight(), self.bias)

    def plain(self) -> nn.Linear:
        """A linear layer with the weights this one has now."""
        made = nn.Linear(self.direction.shape[1], self.direction.shape[0], device="meta")
        made.weight, made.bias = nn.Parameter(self.weight().detach()), nn.Parameter(self.bias.detach().clone())
        return made.train(self.training)


def head_layers(head: Head, inputs: int, outputs: int) -> nn.Sequential:
    """Linear layers with what stands between them; the last one gives the logits.

    Args:
        head: the settings.
        inputs: numbers that are read.
        outputs: logits.
    """
    activations = {"gelu": nn.GELU, "relu": nn.ReLU, "silu": nn.SiLU, "tanh": nn.Tanh}
    linear: Any = WeightNormedLinear if head.norm == "weight" else nn.Linear
    width = head.width or inputs
    made: list[nn.Module] = []
    for number in range(head.layers):
        last = number == head.layers - 1
        made += [nn.Dropout(head.dropout)] if head.dropout else []
        made.append(linear(inputs if number == 0 else width, outputs if last else width))
        if not last:
            made += _norm(head.norm, width)
            made.append(activations[head.activation]())
    return nn.Sequential(*made)


def _norm(kind: str | None, width: int) -> list[nn.Module]:
    if kind == "layer":
        return [nn.LayerNorm(width)]
    if kind == "batch":
        return [nn.BatchNorm1d(width)]
    return [nn.GroupNorm(groups_of(width), width)] if kind == "group" else []


def groups_of(channels: int) -> int:
    """The most groups that divide the channels evenly, `GROUPS` at most, with two channels or more in each."""
    return max((n for n in range(1, GROUPS + 1) if channels % n == 0 and channels // n > 1), default=1)


def put_head(model: nn.Module, path: str, head: Head, outputs: int, seed: int) -> str:
    """Put a deeper head in the place of the layer that gives the logits; in words what it is.

    Args:
        model: the library's.
        path: of the layer.
        head: the settings.
        outputs: logits.
        seed: what it is drawn from; the global random state is left as it was.

    Raises:
        InputError: the layer is no linear one.
    """
    layer = model.get_submodule(path)
    if not isinstance(layer, nn.Linear):
        raise InputError(
            f"the layer of {type(model).__name__} that gives the logits is a {type(layer).__name__}",
            expected="a linear layer, in whose place a deeper head can stand",
            fix="leave `head` out",
            place="head",
        )
    made = drawn(head, layer.in_features, outputs, seed).to(device=layer.weight.device, dtype=layer.weight.dtype)
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, made)
    return head.words(layer.in_features, outputs)


def drawn(head: Head, inputs: int, outputs: int, seed: int) -> nn.Sequential:
    """`head_layers`, drawn from a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "deeper head"))
        return head_layers(head, inputs, outputs)


def require_single(model: nn.Module, paths: Collection[str], head: Head) -> str:
    """The path of the one layer that gives the logits.

    Raises:
        InputError: there are several, or the head pools in a way that this library does not let it.
    """
    if len(paths) != 1:
        raise InputError(
            f"{type(model).__name__} has {len(paths)} layers that give logits, and a deeper head is one",
            fix="leave `head` out",
            place="head",
        )
    return next(iter(paths))


def fold_weight_norms(module: nn.Module) -> None:
    """Make plain linear layers of those whose rows have a length of their own, in place: the same answers, plain names."""
    for path, layer in list(module.named_modules()):
        if isinstance(layer, WeightNormedLinear):
            parent, _, name = path.rpartition(".")
            setattr(module.get_submodule(parent), name, layer.plain())


def without_weight_norms(module: Any) -> Any:
    """The module, or where it has such layers a copy without them."""
    if not any(isinstance(layer, WeightNormedLinear) for layer in module.modules()):
        return module
    copied = copy.deepcopy(module)
    fold_weight_norms(copied)
    return copied
