"""The head learns on frozen features."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from burnish.adapters import Adapter

if TYPE_CHECKING:
    from burnish.core.network import Network


class HeadOnly(Adapter):
    """Only the head is trained, and whatever else the checkpoint did not have; the pretrained body is frozen."""

    default_learning_rate: ClassVar[float] = 2e-3

    def prepare(self, network: Network) -> None:
        """Freeze everything below the head.

        Raises:
            InputError: nothing is left to learn, or a pattern matches no parameter.
        """
        head = network.layers + 1
        self.let_learn(network, lambda name: network.depth(name) == head)
