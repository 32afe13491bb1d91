"""A part of the training rows, of each class alike."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator


def thinned(positions: NDArray[np.int64], strata: NDArray[np.int64], share: float, seed: int) -> NDArray[np.int64]:
    """So large a share of each class, at least one of each, ascending; a smaller share lies inside a larger one.

    Args:
        positions: [N] of rows.
        strata: [N] their classes, -1 where there is none.
        share: in (0, 1]; at 1 the positions themselves.
        seed: of the draw.
    """
    if share >= 1:
        return positions
    order = generator(seed, "share").permutation(len(positions))
    kept = [
        of_class[: max(1, math.ceil(share * len(of_class)))]
        for stratum in np.unique(strata)
        for of_class in [order[strata[order] == stratum]]
    ]
    chosen: NDArray[np.int64] = positions[np.sort(np.concatenate(kept))]
    return chosen
