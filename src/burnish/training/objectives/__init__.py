"""Objectives: what is minimised, and how network and loss meet for it. One file each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from burnish.core.component import Component

if TYPE_CHECKING:
    from torch import Tensor

    from burnish.core.network import Network
    from burnish.losses import Loss
    from burnish.training.objective import ObjectiveModule


class Objective(Component):
    """What a step minimises of a batch."""

    axis: ClassVar[str] = "burnish.training.objectives"

    @abstractmethod
    def module(self, network: Network, loss: Loss, probe: Callable[[], dict[str, Tensor]]) -> ObjectiveModule:
        """Network and loss as one module, which is then wrapped for processes and precision.

        Args:
            network: on its device; it is left as it was.
            loss: what of the outputs is minimised.
            probe: gives a few real rows as the network reads them, for objectives that must try it.

        Raises:
            InputError: it cannot be minimised with this network or loss.
        """
