"""Gradients bounded unit by unit."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvTransposeNd

from burnish.core.network import Network
from burnish.training.step_part import StepPart


class UnitClip(StepPart):
    """The gradient of each unit, no longer than a share of its weights.

    Args:
        network: whose modules say which axis of a weight its units are.
        optimizer: over `parameter_groups`.
        factor: the share; 0: no bound.
        smallest: norm of weights that is assumed at least.
        head: whether the head is bounded as well.
    """

    def __init__(
        self, network: Network, optimizer: torch.optim.Optimizer, factor: float, smallest: float, *, head: bool
    ) -> None:
        self._factor, self._smallest = factor, smallest
        second = _units_second(network)
        self._chosen = [
            (parameter, 1 if id(parameter) in second else 0)
            for group in optimizer.param_groups
            if head or int(group["burnish_depth"]) <= int(group["burnish_layers"])
            for parameter in group["params"]
        ]

    @torch.no_grad()
    def on_clipping(self) -> bool:
        """Shorten the gradients that are too long."""
        if self._factor <= 0:
            return False
        for parameter, axis in self._chosen:
            if parameter.grad is not None:
                longest = unit_norms(parameter, axis).clamp(min=self._smallest) * self._factor
                norms = unit_norms(parameter.grad, axis)
                parameter.grad.mul_(torch.where(norms > longest, longest / norms.clamp(min=1e-30), 1.0))
        return True


def unit_norms(values: Tensor, axis: int) -> Tensor:
    """The norm of each unit, with every other axis of length 1; of a vector that of all of it.

    Args:
        values: weights or gradients of any shape.
        axis: along which units lie.
    """
    others = [i for i in range(values.ndim) if i != axis]
    whole = values.ndim < 2
    norms: Tensor = torch.linalg.vector_norm(values, dim=None if whole else others, keepdim=not whole)
    return norms


def _units_second(network: nn.Module) -> set[int]:
    """Ids of weights whose second axis is that of the outputs: GPT-2's linear layers and transposed convolutions."""
    found: set[int] = set()
    for module in network.modules():
        layer: Any = module
        if type(module).__name__ == "Conv1D" or (isinstance(module, _ConvTransposeNd) and module.groups == 1):
            found.add(id(layer.weight))
    return found
