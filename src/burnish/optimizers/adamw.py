from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from burnish.optimizers import Optimizer
from burnish.optimizers._execution import copied, fused

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class AdamW(Optimizer):
    """Adam with weight decay apart from the gradient (decoupled); the usual choice for fine-tuning.

    Loshchilov and Hutter 2019 (arXiv 1711.05101); bias-corrected, as short runs need it (Mosbach et al. 2021,
    arXiv 2006.04884). Each step multiplies the weights by 1 - rate x weight_decay.
    """

    beta1: float = Field(0.9, ge=0, lt=1, description="Memory of the mean of gradients.")
    beta2: float = Field(0.999, ge=0, lt=1, description="Memory of the mean of squared gradients.")
    epsilon: float = Field(1e-8, gt=0, description="Keeps the division from blowing up.")

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> TorchOptimizer:
        """torch.optim.AdamW, fused where torch can."""
        import torch

        return torch.optim.AdamW(
            copied(groups),
            lr=learning_rate,
            betas=(self.beta1, self.beta2),
            eps=self.epsilon,
            weight_decay=self.weight_decay,
            fused=fused(groups),
        )
