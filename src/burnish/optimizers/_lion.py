"""Lion as a torch optimizer. torch has none, and the libraries that do bring dozens of others along for these few lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


class TorchLion(torch.optim.Optimizer):
    """The sign of an interpolation of momentum and gradient (Chen et al. 2023, arXiv 2302.06675, algorithm 2).

    Args:
        groups: torch parameter groups.
        lr: learning rate.
        betas: weight of the momentum in the step, and memory of the momentum.
        weight_decay: decoupled, times the rate.
    """

    def __init__(
        self, groups: list[dict[str, Any]], lr: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        super().__init__(groups, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step; parameters without a gradient stay as they are."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            parameters = [p for p in group["params"] if p.grad is not None]
            if not parameters:
                continue
            gradients = [p.grad for p in parameters]
            for p in parameters:
                if not self.state[p]:
                    self.state[p]["momentum"] = torch.zeros_like(p)
            momenta = [self.state[p]["momentum"] for p in parameters]
            direction = torch._foreach_lerp(momenta, gradients, 1 - beta1)
            torch._foreach_sign_(direction)
            torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
            torch._foreach_add_(parameters, direction, alpha=-group["lr"])
            torch._foreach_lerp_(momenta, gradients, 1 - beta2)
        return loss
