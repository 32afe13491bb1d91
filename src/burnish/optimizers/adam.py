from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from burnish.optimizers import Optimizer
from burnish.optimizers._execution import copied, fused

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class Adam(Optimizer):
    """Steps scaled by running means of the gradient and of its square.

    Kingma and Ba 2015 (arXiv 1412.6980), bias-corrected. Weight decay is L2: it is added to the gradient and so scaled
    with it, as in torch.optim.Adam, and is 0 unless set; for decay that pulls evenly use adamw.
    """

    weight_decay: float = Field(0.0, ge=0, description="L2: times the weights, added to the gradient.")
    beta1: float = Field(0.9, ge=0, lt=1, description="Memory of the mean of gradients.")
    beta2: float = Field(0.999, ge=0, lt=1, description="Memory of the mean of squared gradients.")
    epsilon: float = Field(1e-8, gt=0, description="Keeps the division from blowing up.")

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> TorchOptimizer:
        """torch.optim.Adam, fused where torch can."""
        import torch

        return torch.optim.Adam(
            copied(groups),
            lr=learning_rate,
            betas=(self.beta1, self.beta2),
            eps=self.epsilon,
            weight_decay=self.weight_decay,
            fused=fused(groups),
        )
