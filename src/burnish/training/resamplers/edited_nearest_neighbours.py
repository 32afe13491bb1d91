from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from burnish.training.resamplers import library
from burnish.training.resamplers._left_out import LeavingOut


class EditedNearestNeighbours(LeavingOut):
    """Rows of common classes are left out where their nearest neighbours are of other classes.

    Wilson 1972, by imbalanced-learn. Cautious with rows that are right and rare of their kind: it calls them noise.
    """

    neighbours: int = Field(3, ge=1, description="Nearest rows that are asked.")
    when: Literal["all", "mode"] = Field(
        "all",
        description="all: a row stays only where all of its neighbours are of its class; mode: where most are.",
    )

    def _cleaner(self, fewest: int) -> Any:
        return library("under_sampling").EditedNearestNeighbours(n_neighbors=self.neighbours, kind_sel=self.when)
