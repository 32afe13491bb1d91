from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from burnish.training.objectives import Objective

if TYPE_CHECKING:
    from torch import Tensor

    from burnish.core.network import Network
    from burnish.losses import Loss
    from burnish.training.objective import ObjectiveModule


class Supervised(Objective):
    """The loss of all that the network gives for a batch."""

    def module(self, network: Network, loss: Loss, probe: Callable[[], dict[str, Tensor]]) -> ObjectiveModule:
        """The whole network, then the loss."""
        from burnish.training.objective import SupervisedModule

        return SupervisedModule(network, loss)
