"""The network as it was before it learns, kept for the baseline on its features."""

from __future__ import annotations

from burnish.core.network import Network
from burnish.recipe.recipe import Settled
from burnish.targets import linear_of


def before_training(recipe: Settled, network: Network) -> Network | None:
    """A copy of a network that is about to be adapted, where a baseline will want it as it was; None: read it again."""
    wanted = recipe.baselines and linear_of(recipe.target) is not None and recipe.adapter.kind() != "head_only"
    return network.untouched() if wanted else None
