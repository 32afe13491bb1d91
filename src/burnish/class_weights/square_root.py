from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from burnish.class_weights import ClassWeights
from burnish.class_weights._counting import counted, mean_of_one
from burnish.core.batch import Array


class SquareRoot(ClassWeights):
    """Rare classes count more, by the square root of `balanced`: 1 / sqrt(count), with a mean of 1 over the classes.

    Half of the way, on a scale of ratios, between all alike and all equally strong
    (Mahajan et al. 2018, arXiv 1805.00932, sample images that way). The mean is over the classes that occur.
    """

    def weights(self, names: Sequence[str], counts: Mapping[str, int]) -> Array:
        """float32 [C]; 0 for classes that never occur."""
        count = counted(names, counts)
        weights = np.where(count > 0, 1 / np.sqrt(np.maximum(count, 1)), 0.0)
        return mean_of_one(weights, count)
