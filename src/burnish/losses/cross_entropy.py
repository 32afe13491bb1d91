from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor


class CrossEntropy(Loss):
    """Minus the log probability of the true class, under a softmax over the logits.

    Label smoothing as in Szegedy et al. 2016 (arXiv 1512.00567): the truth is mixed with the uniform distribution over
    all C classes, as torch does it.
    """

    targets: ClassVar[tuple[str, ...]] = ("label", "tags", "transcript")
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Share of the label that is spread evenly over all classes; 0 for none."
    )

    def elements(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[B, C] with [B], or [B, L, C] with [B, L] class numbers; nats in the shape of `targets`."""
        from torch.nn import functional as F

        losses = F.cross_entropy(
            logits.flatten(0, -2),
            targets.flatten().long(),
            reduction="none",
            label_smoothing=self.label_smoothing,
        )
        return losses.view(targets.shape)
