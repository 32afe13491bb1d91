"""Batch norms of a pretrained network: held as they came, or turned into group norms."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.models._head_layers import groups_of

BatchNorms = Literal["frozen", "group"]


class GroupNormed(nn.GroupNorm):
    """A group norm with the weights of a batch norm, and what that norm did behind it: the activation of timm's norms.

    Args:
        norm: the batch norm.
    """

    def __init__(self, norm: Any) -> None:
        channels = int(norm.num_features)
        super().__init__(groups_of(channels), channels, eps=norm.eps, affine=norm.affine)
        if norm.affine:
            with torch.no_grad():
                self.weight.copy_(norm.weight)
                self.bias.copy_(norm.bias)
        self.drop = norm.drop if isinstance(getattr(norm, "drop", None), nn.Module) else nn.Identity()
        self.act = norm.act if isinstance(getattr(norm, "act", None), nn.Module) else nn.Identity()

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """[B, C, ...] normed within each example."""
        given: torch.Tensor = self.act(self.drop(super().forward(input)))
        return given


def to_group_norms(model: nn.Module) -> int:
    """Put a group norm in the place of every batch norm, in place; how many."""
    norms = [(path, module) for path, module in model.named_modules() if isinstance(module, _BatchNorm)]
    for path, norm in norms:
        parent, _, name = path.rpartition(".")
        setattr(model.get_submodule(parent), name, GroupNormed(norm).to(next(model.parameters()).dtype))
    return len(norms)


def require_batch_norms(model: nn.Module) -> int:
    """How many there are.

    Raises:
        InputError: none.
    """
    count = sum(isinstance(module, _BatchNorm) for module in model.modules())
    if not count:
        raise InputError(
            f"{type(model).__name__} has no batch norm",
            expected="a network with batch norms, such as a ResNet or a MobileNet",
            fix="leave model.batch_norms out",
            place="model.batch_norms",
        )
    return count


def hold_batch_norms(network: Network) -> str:
    """Let no batch norm learn, and none change its statistics, whatever the adapter; in words.

    Raises:
        InputError: there is none.
    """
    count = require_batch_norms(network)
    names: set[str] = set()
    for path, module in network.named_modules():
        if isinstance(module, _BatchNorm):
            module.held_still = True  # type: ignore[assignment, unused-ignore]
            names |= {f"{path}.{name}" for name, _ in module.named_parameters(recurse=False)}
    network.never = frozenset(names)
    return f"{count} batch norms are held: neither their weights nor their statistics change"


def require_pretrained(setting: BatchNorms | None, *, random_weights: bool) -> None:
    """That there is something to hold.

    Raises:
        InputError: random weights, whose statistics would stay 0 and 1.
    """
    if setting == "frozen" and random_weights:
        raise InputError(
            "batch norms of random weights have no statistics yet: held, they would never get any",
            fix="leave model.batch_norms out, or say group",
            place="model.batch_norms",
        )
