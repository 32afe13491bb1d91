from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.optimizers import Optimizer
from burnish.optimizers._execution import copied

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class Adadelta(Optimizer):
    """Steps in units of earlier steps, so that the learning rate is about 1 and hardly matters.

    Zeiler 2012 (arXiv 1212.5701). Set `learning_rate` near 1: rates made for adamw stand still here. Weight decay is L2:
    it is added to the gradient, as in torch.optim.Adadelta, and is 0 unless set.
    """

    learning_rate_factor: ClassVar[float] = 20000.0
    weight_decay: float = Field(0.0, ge=0, description="L2: times the weights, added to the gradient.")
    rho: float = Field(0.9, ge=0, lt=1, description="Memory of the means of squared gradients and squared steps.")
    epsilon: float = Field(1e-6, gt=0, description="Size of the very first steps, squared.")

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> TorchOptimizer:
        """torch.optim.Adadelta; torch has no fused kernel of it."""
        import torch

        return torch.optim.Adadelta(
            copied(groups), lr=learning_rate, rho=self.rho, eps=self.epsilon, weight_decay=self.weight_decay
        )
