from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.optimizers import Optimizer
from burnish.optimizers._execution import copied, fused

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class Adagrad(Optimizer):
    """Steps shrink with the sum of all squared gradients so far, weight by weight.

    Duchi et al. 2011, "Adaptive subgradient methods" (JMLR 12). Weight decay is L2: it is added to the gradient, as in
    torch.optim.Adagrad, and is 0 unless set.
    """

    learning_rate_factor: ClassVar[float] = 20.0
    weight_decay: float = Field(0.0, ge=0, description="L2: times the weights, added to the gradient.")
    initial_sum: float = Field(0.0, ge=0, description="What the sum of squared gradients starts from.")
    rate_decay: float = Field(
        0.0, ge=0, description="A decay of the rate on top of the schedule: divided by 1 + decay x steps."
    )
    epsilon: float = Field(1e-10, gt=0, description="Keeps the division from blowing up.")

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> TorchOptimizer:
        """torch.optim.Adagrad; torch has a fused kernel of it for the CPU only."""
        import torch

        return torch.optim.Adagrad(
            copied(groups),
            lr=learning_rate,
            lr_decay=self.rate_decay,
            weight_decay=self.weight_decay,
            initial_accumulator_value=self.initial_sum,
            eps=self.epsilon,
            fused=fused(groups, devices=("cpu",)),
        )
