from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.seeds import generator
from burnish.data.samplers import Sampler
from burnish.data.samplers._bucketing import bucketed
from burnish.data.samplers._classes import by_class


class Undersampled(Sampler):
    """Every epoch takes as many rows of each class as the smallest has, other ones each time.

    The rows of a class are dealt out in turn, so a class k times the smallest has been seen completely after k epochs
    (rounded up). Rows without a class (stratum -1) come every time and are not counted.
    """

    bucketed: bool = Field(False, description="Put rows of like length into one batch, so that little is padded.")
    window: int = Field(100, ge=1, description="With bucketed: batches that are sorted by length together.")

    def order(
        self,
        lengths: NDArray[np.int64],
        strata: NDArray[np.int64],
        *,
        batch_size: int,
        seed: int,
        epoch: int,
    ) -> NDArray[np.int64]:
        """int64 [M], M = classes x rows of the smallest, no position twice.

        Raises:
            InputError: no row has a class (regression).
        """
        random = generator(seed, "order", epoch)
        classes, without = by_class(strata)
        smallest = min(map(len, classes))
        # The turn of each row is dealt once for all epochs: that is what makes the epochs together see every row.
        dealer = generator(seed, "order", "turns")
        chosen = [dealer.permutation(rows)[(epoch * smallest + np.arange(smallest)) % len(rows)] for rows in classes]
        positions = np.concatenate([*chosen, without])
        if self.bucketed:
            return bucketed(positions, lengths, batch_size=batch_size, window=self.window, random=random)
        return random.permutation(positions)
