from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from burnish.optimizers import Optimizer
from burnish.optimizers._execution import copied

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradients.

    Tieleman and Hinton 2012, "Neural networks for machine learning", lecture 6.5. Not bias-corrected: the first steps
    are large, so warm up. Weight decay is L2: it is added to the gradient, as in torch.optim.RMSprop, and is 0 unless set.
    """

    weight_decay: float = Field(0.0, ge=0, description="L2: times the weights, added to the gradient.")
    smoothing: float = Field(0.99, ge=0, lt=1, description="Memory of the mean of squared gradients.")
    momentum: float = Field(0.0, ge=0, lt=1, description="Memory of earlier steps; 0 for none.")
    centered: bool = Field(
        False, description="Divide by the standard deviation instead (Graves 2013, arXiv 1308.0850)."
    )
    epsilon: float = Field(1e-8, gt=0, description="Keeps the division from blowing up.")

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> TorchOptimizer:
        """torch.optim.RMSprop; torch has no fused kernel of it."""
        import torch

        return torch.optim.RMSprop(
            copied(groups),
            lr=learning_rate,
            alpha=self.smoothing,
            eps=self.epsilon,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            centered=self.centered,
        )
