"""What looks at the layers of a network while it learns."""

from __future__ import annotations

from burnish.recipe.recipe import Settled
from burnish.training.loop import Training
from burnish.training.monitoring.monitor import Monitor

USUAL, LOOKS = 20, 200
"""Steps from one that is looked at to the next, and how often a long run is looked at: `benchmarks/monitoring.py` times it."""


def monitor_of(recipe: Settled, training: Training) -> list[Monitor]:
    """What looks at the layers, in the main process, where the recipe wants it."""
    if recipe.monitoring is None or not training.accelerator.main:
        return []
    every = recipe.monitoring.every or max(USUAL, training.batches.total_steps // LOOKS)
    return [Monitor(training.network, training.optimizer, every)]
