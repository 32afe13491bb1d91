from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.seeds import generator
from burnish.data.samplers import Sampler
from burnish.data.samplers._bucketing import bucketed


class LengthBucketed(Sampler):
    """Every example once an epoch, in random batches of examples of like length, so that little is padded.

    Rows are shuffled, cut into windows of `window` batches, sorted by length inside each, cut into batches, and the
    batches are shuffled. Wider windows pad less and mix lengths less.
    """

    window: int = Field(100, ge=1, description="Batches that are sorted by length together.")

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
        return bucketed(
            np.arange(len(lengths)),
            lengths,
            batch_size=batch_size,
            window=self.window,
            random=generator(seed, "order", epoch),
        )
