"""The end of a run whose network was made small: what is zero is taken out, rounding is taken off and kept for exports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.core.network import Network
from burnish.recipe.recipe import Settled
from burnish.training.shrinking.prune import Prune
from burnish.training.shrinking.quantise import Quantise


@dataclass(frozen=True)
class Shrunk:
    """What is left to do when the network is saved.

    Attributes:
        quantise: the settings; None: it was trained in float.
        told: places and ranges of a network that was trained for int8.
    """

    quantise: Quantise | None = None
    told: dict[str, Any] | None = None

    def saving(self, network: Network) -> Callable[[Path], None]:
        """What writes the model of a bundle."""
        quantise, told = self.quantise, self.told
        if quantise is None or told is None:
            return network.save

        def save(folder: Path) -> None:
            network.save(folder)
            quantise.save_ranges(told, folder)

        return save


def as_it_is_shipped(recipe: Settled, network: Network, say: Callable[[str], None]) -> Shrunk:
    """Make a network that has learned with its best weights the one that is bundled, in place.

    Args:
        recipe: of the run.
        network: with the weights that are shipped.
        say: told what was taken out.
    """
    prune, quantise = recipe.prune, recipe.quantise
    told = quantise.finished(network) if isinstance(quantise, Quantise) and not quantise.is_off else None
    if isinstance(prune, Prune) and not prune.is_off:
        say(prune.taken_out(network))
    return Shrunk(quantise, told) if isinstance(quantise, Quantise) and told is not None else Shrunk()
