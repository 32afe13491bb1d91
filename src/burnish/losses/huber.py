from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.losses import Loss
from burnish.losses._values import one_a_row

if TYPE_CHECKING:
    from torch import Tensor


class Huber(Loss):
    """Squared error near the true value and absolute error far from it, so that wild values pull less.

    Huber 1964, "Robust estimation of a location parameter": d^2 / 2 up to |d| = delta, delta (|d| - delta / 2) beyond.
    """

    targets: ClassVar[tuple[str, ...]] = ("score",)
    delta: float = Field(
        1.0, gt=0, description="Difference, in units of the (scaled) target, where squared turns into absolute."
    )

    def elements(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[B, 1] or [B] with [B] values; half squared units near, delta times units far."""
        from torch.nn import functional as F

        return F.huber_loss(one_a_row(logits, targets), targets.to(logits.dtype), reduction="none", delta=self.delta)
