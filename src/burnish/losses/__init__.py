"""Losses: how wrong an answer is, element by element. One file each."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from burnish.core.component import Component
from burnish.core.weighted import WeightedSum

if TYPE_CHECKING:
    from torch import Tensor


class Loss(Component):
    """How wrong the logits are, element by element; weighting and summing is the same for every loss."""

    axis: ClassVar[str] = "burnish.losses"
    targets: ClassVar[tuple[str, ...]]
    """Kinds of target this loss can be used with."""

    @abstractmethod
    def elements(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of each element.

        Args:
            logits: [B, C], or [B, L, C] for element tasks.
            targets: [B] or [B, L] class numbers; [B, C] zeros and ones; [B] values. Always in range, also where the
                weight is 0.

        Returns:
            The shape of `targets`, in nats (or squared or absolute units for regression).
        """

    def __call__(self, logits: Tensor, targets: Tensor, weights: Tensor) -> WeightedSum[Tensor]:
        """The weighted sum over all elements, in float32 or better; elements of weight 0 cannot touch it, even if infinite."""
        import torch

        if logits.dtype in (torch.float16, torch.bfloat16):
            logits = logits.float()
        counted = weights != 0
        # where() and not a product, because 0 * inf is not 0; and before the loss as well, because the gradient of an
        # infinite logit is not a number even when what comes back to it is 0.
        seen = counted.view(counted.shape + (1,) * (logits.ndim - counted.ndim))
        elements = self.elements(torch.where(seen, logits, 0.0), targets)
        total = torch.where(counted, elements * weights, 0.0).sum()
        return WeightedSum(total, weights.sum())
