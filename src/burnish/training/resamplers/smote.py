from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.training.resamplers import library
from burnish.training.resamplers._made import BetweenNeighbours


class Smote(BetweenNeighbours):
    """Rare classes grow by rows between neighbours: each new one lies on the line between two rows of its class.

    SMOTE (Chawla et al. 2002, arXiv 1106.1813), by imbalanced-learn. On tabular data it gave strong models nothing that
    tuned thresholds did not give (Elor and Averbuch-Elor 2022, arXiv 2201.08528): compare.
    """

    def _maker(self, wanted: Mapping[int, int], near: int, rows: int, state: int) -> Any:
        return library("over_sampling").SMOTE(sampling_strategy=wanted, k_neighbors=near, random_state=state)
