"""Penalties: what weights cost, so that they stay small or near where they began. One file each."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from burnish.training.technique import Technique


class Penalty(Technique):
    """A pull on the weights.

    Decoupled it moves the weights after the optimizer's step, by rate times strength, as AdamW's weight decay does. Coupled
    its gradient is added to that of the loss, once for each step whatever the micro-batches, before gradients are clipped.
    """

    axis: ClassVar[str] = "burnish.training.penalties"
    off: ClassVar[dict[str, float]] = {"strength": 0.0}
    strength: float = Field(0.01, ge=0, description="How strong the pull is; 0: there is none.")
    decoupled: bool = Field(
        True,
        description="Apart from the gradient, after the optimizer's step; false: in the gradient, which adaptive optimizers "
        "then divide by its own size.",
    )
