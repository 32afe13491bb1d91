"""Blocks join in from the top, one after the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.adapters import Adapter

if TYPE_CHECKING:
    from burnish.core.network import Network


class GradualUnfreezing(Adapter):
    """First the head is trained, then one more block from the top at a time, the embeddings last.

    From ULMFiT (Howard and Ruder, 2018, arXiv 1801.06146), which thaws one layer an epoch.
    """

    default_learning_rate: ClassVar[float] = 5e-5
    changes: ClassVar[bool] = True
    every: float | None = Field(
        None, gt=0, le=1, description="Share of the run after which one more block is trained; null: by unfreeze_until."
    )
    unfreeze_until: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of the run after which all are trained, evenly spaced; used where every is null.",
    )

    def prepare(self, network: Network) -> None:
        """Mark all that will ever learn, so that the optimizer knows it; `at` then holds back what is not due yet.

        Raises:
            InputError: nothing is left to learn (also at the start of the run), or a pattern matches no parameter.
        """
        head = network.layers + 1
        self.let_learn(network, lambda name: network.depth(name) == head)
        self.toggle(network, lambda name: True)

    def at(self, network: Network, progress: float) -> None:
        """Freeze and thaw by progress alone, so that a resumed run does as the uninterrupted one.

        Gradients of what is held back are dropped: an optimizer skips a parameter without a gradient, weight decay included.
        """
        lowest = network.layers + 1 - self.thawed(network.layers, progress)
        for name, parameter in network.named_parameters():
            learns = network.depth(name) >= lowest and not self.frozen(name)
            if learns != parameter.requires_grad:
                parameter.requires_grad_(learns)
                if not learns:
                    parameter.grad = None

    def thawed(self, layers: int, progress: float) -> int:
        """How many levels below the head learn at `progress`: blocks from the top, then the embeddings."""
        levels = layers + 1
        every = self.every if self.every is not None else self.unfreeze_until / levels
        # progress is steps / total: 0.3 / 0.1 must count as 3 and not as 2.999...
        return min(levels, math.floor(progress / every + 1e-9))
