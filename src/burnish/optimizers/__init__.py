"""Optimizers: torch's own or a library's, built over parameter groups. One file each."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.core.component import Component

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class Optimizer(Component):
    """How gradients become steps."""

    axis: ClassVar[str] = "burnish.optimizers"
    learning_rate_factor: ClassVar[float] = 1.0
    """By how much a usual rate differs from AdamW's: used only where a recipe names no learning_rate, and said."""
    averages: ClassVar[bool] = False
    """Whether it keeps an average of the weights itself, which is what is validated and shipped."""
    weight_decay: float = Field(
        0.01, ge=0, description="Pull towards zero, on weights only: never on norms and biases."
    )

    @abstractmethod
    def build(self, groups: list[dict[str, Any]], learning_rate: float) -> TorchOptimizer:
        """A torch optimizer.

        Args:
            groups: torch parameter groups; each has `params`, `lr` (already scaled for its layer) and `weight_decay`
                (0 for norms and biases). Keys burnish adds start with `burnish_` and are to be left as they are.
            learning_rate: the base rate, for optimizers that want one.
        """
