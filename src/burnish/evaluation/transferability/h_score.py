"""H-score: how far class means stand apart (Bao et al. 2019), with a shrunk covariance (Ibrahim et al. 2022)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.core.collecting import importing
from burnish.evaluation.transferability import Floats


def h_score(features: Floats, classes: NDArray[np.int64]) -> float:
    """trace(cov(features)^-1 cov(class means)), the covariance shrunk as Ledoit and Wolf (2004) do.

    Without shrinking, as many columns as rows give every checkpoint the best score.

    Args:
        features: [N, D].
        classes: [N] numbers of the classes.
    """
    with importing():
        from sklearn.covariance import ledoit_wolf

    covariance, shrinkage = ledoit_wolf(features)
    means = np.zeros_like(features)
    for one in np.unique(classes):
        means[classes == one] = features[classes == one].mean(axis=0)
    means -= means.mean(axis=0)
    between = means.T @ means / len(features)
    # Ibrahim et al.: the covariance between classes is a part of the whole and shrinks with it.
    return float((1 - shrinkage) * np.trace(np.linalg.solve(covariance + 1e-9 * np.eye(len(covariance)), between)))
