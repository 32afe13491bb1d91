from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from burnish.training.resamplers import library
from burnish.training.resamplers._left_out import LeavingOut


class NearMiss(LeavingOut):
    """Of common classes only those rows stay that are nearest to the rarest class, as many as that has.

    Zhang and Mani 2003, by imbalanced-learn. It leaves most rows out: at 1 to 50, 98 % of the common class.
    """

    version: Literal[1, 2, 3] = Field(
        1,
        description="1: nearest to their closest rare rows; 2: to the farthest; 3: among the neighbours of rare rows.",
    )
    neighbours: int = Field(
        3, ge=1, description="Rare rows that distances are averaged over; fewer where there are fewer."
    )

    def _cleaner(self, fewest: int) -> Any:
        return library("under_sampling").NearMiss(version=self.version, n_neighbors=min(self.neighbours, fewest))
