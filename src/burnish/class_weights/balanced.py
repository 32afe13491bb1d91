from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from burnish.class_weights import ClassWeights
from burnish.class_weights._counting import counted, zero_where_absent
from burnish.core.batch import Array


class Balanced(ClassWeights):
    """Every class pulls equally: N / (C x count), as scikit-learn's "balanced".

    King and Zeng 2001, "Logistic regression in rare events data". N is the number of labels counted and C the number
    of classes that occur, so the mean weight of a row is 1.
    """

    def weights(self, names: Sequence[str], counts: Mapping[str, int]) -> Array:
        """float32 [C]; 0 for classes that never occur."""
        count = counted(names, counts)
        present = max(1, np.count_nonzero(count))
        return zero_where_absent(count.sum() / (present * np.maximum(count, 1)), count)
