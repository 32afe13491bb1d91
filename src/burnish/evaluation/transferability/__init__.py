"""How well a checkpoint's features fit labelled rows, without training it: four scores, and their ranks together.

All take standardised features [N, D] in float64 and give more for better. None is an oracle: long fine-tuning can reverse
them (Agostinelli et al. 2022, "How stable are transferability metrics evaluations?"), which is why they are only used to
choose what is fine-tuned briefly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def standardised(features: NDArray[np.floating]) -> Floats:
    """[N, D] with mean 0 and deviation 1 in each column; columns that do not vary become 0.

    LogME's prior and the distances of neighbours depend on the scale of single columns, and transformers have some that are
    a hundred times as large as others.
    """
    x = np.asarray(features, np.float64)
    deviation = x.std(axis=0)
    scale = np.where(deviation > 1e-12, 1 / np.maximum(deviation, 1e-12), 0.0)
    return np.asarray((x - x.mean(axis=0)) * scale)
