from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from burnish.training.resamplers import library
from burnish.training.resamplers._made import BetweenNeighbours


class BorderlineSmote(BetweenNeighbours):
    """As smote, but new rows begin only at rows whose neighbourhood is mostly, and not wholly, of other classes.

    Borderline-SMOTE1 (Han et al. 2005), by imbalanced-learn.
    """

    around: int = Field(10, ge=1, description="Neighbours of any class by which a row is found to lie at the border.")
    _nothing: ClassVar[str] = "no example lies at the border of"

    def _maker(self, wanted: Mapping[int, int], near: int, rows: int, state: int) -> Any:
        return library("over_sampling").BorderlineSMOTE(
            sampling_strategy=wanted,
            k_neighbors=near,
            m_neighbors=min(self.around, rows - 1),
            kind="borderline-1",
            random_state=state,
        )
