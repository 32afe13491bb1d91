"""Chance that depends on the seed and the unit alone, so that units that come later change nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import derive
from burnish.data.splits import TEST, TRAIN, VALIDATION

_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def noise(keys: NDArray[np.uint64], seed: int) -> NDArray[np.float64]:
    """[U, 3] in [0, 0.5): a hash of seed, unit and split (splitmix64's finaliser, Steele et al. 2014).

    A missing unit has no content to be drawn by, so its number among the missing ones stands in; appending keeps it.
    """
    missing = keys == 0
    keys = np.where(missing, np.cumsum(missing).astype(np.uint64), keys)
    columns = []
    for split in (TRAIN, VALIDATION, TEST):
        x = keys ^ np.uint64(derive(seed, "split", split))
        x = (x ^ (x >> np.uint64(30))) * _MIX_1
        x = (x ^ (x >> np.uint64(27))) * _MIX_2
        x ^= x >> np.uint64(31)
        columns.append((x >> np.uint64(11)).astype(np.float64) / 2**54)
    return np.stack(columns, axis=1)
