from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator
from burnish.data.samplers import Sampler


class EachOnce(Sampler):
    """Every example once an epoch, in random order."""

    def order(
        self,
        lengths: NDArray[np.int64],
        strata: NDArray[np.int64],
        *,
        batch_size: int,
        seed: int,
        epoch: int,
    ) -> NDArray[np.int64]:
        """int64 [N], a permutation."""
        return generator(seed, "order", epoch).permutation(len(lengths))
