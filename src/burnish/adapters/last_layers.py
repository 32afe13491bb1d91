"""The top of the network learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.adapters import Adapter
from burnish.core.errors import InputError

if TYPE_CHECKING:
    from burnish.core.network import Network


class LastLayers(Adapter):
    """The head and the last blocks are trained; the embeddings and the blocks below are frozen."""

    default_learning_rate: ClassVar[float] = 1e-4
    layers: int = Field(2, ge=1, description="How many blocks are trained, counted from the top.")

    def prepare(self, network: Network) -> None:
        """Freeze the embeddings and all blocks but the last `layers`.

        Raises:
            InputError: the network has fewer blocks, nothing is left to learn, or a pattern matches no parameter.
        """
        if self.layers > network.layers:
            raise InputError(
                f"the last {self.layers} blocks should learn, but the network has {network.layers}",
                expected=f"1 to {network.layers}",
                fix="give fewer layers, or use the adapter 'full'",
                place="adapter.layers",
            )
        lowest = network.layers - self.layers + 1
        self.let_learn(network, lambda name: network.depth(name) >= lowest)
