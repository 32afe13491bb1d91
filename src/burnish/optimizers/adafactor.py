from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.optimizers import Optimizer
from burnish.optimizers._execution import copied

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class Adafactor(Optimizer):
    """Adam's scaling with a row and a column of memory a matrix instead of a copy of it.

    Shazeer and Stern 2018 (arXiv 1804.04235), without momentum. A step is the rate, at most 1 / sqrt(steps), times the
    root mean square of the weights it changes: rates are relative, near 1e-3 to 1e-2. Weight decay is decoupled.
    """

    learning_rate_factor: ClassVar[float] = 20.0
    decay_power: float = Field(
        0.8, ge=0, description="The memory of squared gradients at step t is 1 - t^-decay_power."
    )
    smallest_scale: float = Field(1e-3, ge=0, description="Weights smaller than this are stepped as if this large.")
    clipping: float = Field(1.0, ge=1, description="Root mean square above which an update is scaled down.")

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> TorchOptimizer:
        """torch.optim.Adafactor; torch has no fused kernel of it."""
        import torch

        return torch.optim.Adafactor(
            copied(groups),
            lr=learning_rate,
            beta2_decay=-self.decay_power,
            eps=(None, self.smallest_scale),
            d=self.clipping,
            weight_decay=self.weight_decay,
        )
