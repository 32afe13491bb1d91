"""The decoder learns to write from what a frozen encoder hears."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from burnish.adapters import Adapter
from burnish.core.errors import InputError

if TYPE_CHECKING:
    from burnish.core.network import Network


class DecoderOnly(Adapter):
    """Trains the blocks of the decoder; its embeddings and the whole encoder are frozen.

    What the frozen encoder gives for each training row is computed once and kept, unless rows are changed at random.
    """

    default_learning_rate: ClassVar[float] = 5e-5

    def prepare(self, network: Network) -> None:
        """Freeze all but the blocks of the decoder.

        Raises:
            InputError: the network has no encoder and decoder, nothing is left to learn, or a pattern matches no parameter.
        """
        below = network.encoder_layers
        if not below:
            raise InputError(
                f"the network ({type(network.backbone()).__name__}) is no encoder with a decoder",
                expected="one such as Whisper",
                fix="adapter: last_layers",
                place="adapter",
            )
        self.let_learn(network, lambda name: network.depth(name) > below)
