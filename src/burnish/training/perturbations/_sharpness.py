"""Weights moved up the gradient and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from burnish.training.step_part import StepPart

TINY = 1e-12  # of a gradient that is zero everywhere: the weights stay where they are


class Ascent(StepPart):
    """SAM's first half: the weights at the top of a ball of this radius, as the gradient tells it.

    Args:
        network: whose buffers are as before afterwards.
        optimizer: whose parameters move.
        radius: in the norm of all weights together.
    """

    def __init__(self, network: nn.Module, optimizer: torch.optim.Optimizer, radius: float) -> None:
        self._network, self._optimizer, self._radius = network, optimizer, radius

    @contextmanager
    def disturbed(self) -> Iterator[bool]:
        """The weights up there; not where the gradient is not finite, which the loop deals with.

        A scale of float16 cancels out: it is in the gradient and in its norm.
        """
        learning = [p for group in self._optimizer.param_groups for p in group["params"] if p.grad is not None]
        norm = nn.utils.get_total_norm([p.grad for p in learning if p.grad is not None])
        if not learning or not bool(torch.isfinite(norm)):
            yield False
            return
        before = [p.detach().clone() for p in learning]
        buffers = [(b, b.detach().clone()) for b in self._network.buffers()]
        try:
            with torch.no_grad():
                scale = self._radius / (norm + TINY)
                for parameter in learning:
                    assert parameter.grad is not None
                    parameter.add_((parameter.grad * scale).to(parameter.dtype))
            yield True
        finally:
            with torch.no_grad():
                for parameter, value in zip(learning, before, strict=True):
                    parameter.copy_(value)
                for buffer, value in buffers:
                    buffer.copy_(value)
