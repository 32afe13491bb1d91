"""Adapters: which part of the network learns, and how. One file each."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.core.component import Component

if TYPE_CHECKING:
    from burnish.core.network import Network


class Adapter(Component):
    """Which part of the network learns."""

    axis: ClassVar[str] = "burnish.adapters"
    default_learning_rate: ClassVar[float] = 5e-5
    freeze: list[str] = Field(
        default_factory=list, description="Parameter names to hold still as well: glob patterns such as 'embeddings.*'."
    )

    @abstractmethod
    def prepare(self, network: Network) -> None:
        """Set `requires_grad` of every parameter that may ever learn, insert adapters in place. Applies `freeze`.

        Raises:
            InputError: nothing is left to learn, or a pattern matches no parameter.
        """

    def at(self, network: Network, progress: float) -> None:
        """Called before each step with the share of the run done; gradual unfreezing freezes and thaws here."""
        return

    def finish(self, network: Network) -> None:
        """Called once before the network is saved; merges inserted parts where the settings ask for it."""
        return
