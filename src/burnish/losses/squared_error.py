from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from burnish.losses import Loss
from burnish.losses._values import one_a_row

if TYPE_CHECKING:
    from torch import Tensor


class SquaredError(Loss):
    """The squared difference between prediction and true value; it learns to predict the mean."""

    targets: ClassVar[tuple[str, ...]] = ("score",)

    def elements(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[B, 1] or [B] with [B] values; squared units of the (scaled) target."""
        return (one_a_row(logits, targets) - targets.to(logits.dtype)).square()
