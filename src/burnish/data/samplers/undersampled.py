from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator
from burnish.data.samplers._classes import ByClass


class Undersampled(ByClass):
    """Every epoch takes as many examples of each class as the smallest has, other ones each time.

    The rows of a class are dealt out in turn, so a class k times the smallest has been seen completely after k epochs
    (rounded up). Rows without a class (stratum -1) come every time and are not counted.
    """

    def chosen(
        self, classes: list[NDArray[np.int64]], *, seed: int, epoch: int, random: np.random.Generator
    ) -> list[NDArray[np.int64]]:
        """As many of each class as the smallest has, no position twice."""
        smallest = min(map(len, classes))
        # The turn of each row is dealt once for all epochs: that is what makes the epochs together see every row.
        dealer = generator(seed, "order", "turns")
        return [dealer.permutation(rows)[(epoch * smallest + np.arange(smallest)) % len(rows)] for rows in classes]
