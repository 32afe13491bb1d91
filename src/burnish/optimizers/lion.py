from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.optimizers import Optimizer
from burnish.optimizers._execution import copied

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class Lion(Optimizer):
    """The sign of the momentum: every weight moves by the rate; half of adamw's memory.

    Chen et al. 2023 (arXiv 2302.06675), who advise a rate 3 to 10 times smaller than adamw's and a weight decay 3 to 10
    times larger. Weight decay is decoupled: each step multiplies the weights by 1 - rate x weight_decay.
    """

    learning_rate_factor: ClassVar[float] = 0.2
    weight_decay: float = Field(0.1, ge=0, description="Pull towards zero, on weights only: never on norms and biases.")
    beta1: float = Field(0.9, ge=0, lt=1, description="Weight of the momentum against the gradient in a step.")
    beta2: float = Field(0.99, ge=0, lt=1, description="Memory of the momentum.")

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> TorchOptimizer:
        """burnish's own few lines over torch's foreach kernels."""
        from burnish.optimizers._lion import TorchLion

        return TorchLion(
            copied(groups), lr=learning_rate, betas=(self.beta1, self.beta2), weight_decay=self.weight_decay
        )
