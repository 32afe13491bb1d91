from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from burnish.optimizers import Optimizer
from burnish.optimizers._execution import copied, fused

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class SGD(Optimizer):
    """Steps along the gradient, with momentum; needs much higher learning rates than adamw.

    Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning", in torch's form (the rate
    multiplies the whole velocity). Weight decay is L2: it is added to the gradient before momentum, as in
    torch.optim.SGD, and is 0 unless set.
    """

    learning_rate_factor: ClassVar[float] = 200.0
    weight_decay: float = Field(0.0, ge=0, description="L2: times the weights, added to the gradient.")
    momentum: float = Field(0.9, ge=0, lt=1, description="Memory of earlier gradients; 0 for none.")
    nesterov: bool = Field(False, description="Look ahead along the momentum; needs momentum.")

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> SGD:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov looks ahead along the momentum: set momentum above 0, such as 0.9")
        return self

    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> TorchOptimizer:
        """torch.optim.SGD, fused where torch can."""
        import torch

        return torch.optim.SGD(
            copied(groups),
            lr=learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            nesterov=self.nesterov,
            fused=fused(groups),
        )
