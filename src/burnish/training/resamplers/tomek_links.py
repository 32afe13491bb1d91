from __future__ import annotations

from typing import Any

from burnish.training.resamplers import library
from burnish.training.resamplers._left_out import LeavingOut


class TomekLinks(LeavingOut):
    """Rows of common classes are left out where they and a row of another class are each other's nearest neighbour.

    Tomek 1976, by imbalanced-learn. It cleans borders, and hardly changes how common classes are.
    """

    def _cleaner(self, fewest: int) -> Any:
        return library("under_sampling").TomekLinks()
