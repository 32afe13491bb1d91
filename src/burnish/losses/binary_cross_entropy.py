from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor


class BinaryCrossEntropy(Loss):
    """Minus the log probability of each yes or no, every label under a sigmoid of its own."""

    targets: ClassVar[tuple[str, ...]] = ("labels",)
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Pulls every label towards one half: 1 becomes 1 - s/2 and 0 becomes s/2; 0 for none.",
    )

    def elements(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[B, C] with [B, C] zeros and ones; nats for each label of each row."""
        from torch.nn import functional as F

        truth = targets.to(logits.dtype)
        if self.label_smoothing:
            truth = truth * (1 - self.label_smoothing) + self.label_smoothing / 2
        return F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
