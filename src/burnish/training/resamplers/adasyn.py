from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from burnish.training.resamplers import library
from burnish.training.resamplers._made import BetweenNeighbours


class Adasyn(BetweenNeighbours):
    """As smote, but rows with many neighbours of other classes get more new ones: about as many as each class lacks.

    ADASYN (He et al. 2008), by imbalanced-learn.
    """

    _nothing: ClassVar[str] = "no example of another class is near"

    def _between(
        self, features: NDArray[np.float64], classes: NDArray[np.int64], number: int, wanted: int, near: int, state: int
    ) -> NDArray[np.float64]:
        try:
            return super()._between(features, classes, number, wanted, near, state)
        except (RuntimeError, ValueError) as error:
            if "neigbours belong to the majority" in str(error) or "No samples will be generated" in str(error):
                return np.zeros((0, features.shape[1]))
            raise

    def _maker(self, wanted: Mapping[int, int], near: int, rows: int, state: int) -> Any:
        return library("over_sampling").ADASYN(sampling_strategy=wanted, n_neighbors=near, random_state=state)
