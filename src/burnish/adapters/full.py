"""Everything learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from burnish.adapters import Adapter

if TYPE_CHECKING:
    from burnish.core.network import Network


class Full(Adapter):
    """All parameters are trained."""

    default_learning_rate: ClassVar[float] = 5e-5

    def prepare(self, network: Network) -> None:
        """Let everything learn that `freeze` does not hold.

        Raises:
            InputError: nothing is left to learn, or a pattern matches no parameter.
        """
        self.let_learn(network, lambda name: True)
