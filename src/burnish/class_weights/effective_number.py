from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field

from burnish.class_weights import ClassWeights
from burnish.class_weights._counting import counted, mean_of_one
from burnish.core.batch import Array


class EffectiveNumber(ClassWeights):
    """Rare classes count more, but less steeply than balanced: (1 - beta) / (1 - beta^count), mean 1.

    Cui et al. 2019 (arXiv 1901.05555). The mean is over the classes that occur. beta 0 weights all alike; beta towards
    1 comes close to `balanced`'s proportions.
    """

    beta: float = Field(
        0.999, ge=0, lt=1, description="How long further examples of a class still add something; 0.9 to 0.9999."
    )

    def weights(self, names: Sequence[str], counts: Mapping[str, int]) -> Array:
        """float32 [C]; 0 for classes that never occur."""
        count = counted(names, counts)
        log_beta = math.log(self.beta) if self.beta > 0 else -math.inf
        # expm1: 1 - beta^count loses all its digits for beta near 1.
        effective = -np.expm1(np.maximum(count, 1) * log_beta)
        weights = np.where(count > 0, 1 / effective, 0.0)
        return mean_of_one(weights, count)
