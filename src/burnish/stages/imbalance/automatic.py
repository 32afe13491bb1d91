"""`imbalance: auto` of a run."""

from __future__ import annotations

from burnish.stages.choosing.automatic import Automatic
from burnish.stages.imbalance.compare import compare, wanted, with_way

IMBALANCE = Automatic(
    "imbalance", wanted, compare, with_way, "burnish try-imbalance RECIPE, then name the way it chose"
)
