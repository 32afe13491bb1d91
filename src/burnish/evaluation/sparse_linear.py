"""Linear models over word counts, as sparse matrices."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.collecting import importing

STRENGTH = 10.0
"""Inverse strength of the penalty: TF-IDF of texts wants a weak one."""
STEPS = 150


def sparse_names(
    x: Any, labels: NDArray[np.int64], asked: Any, count: int, strength: float = STRENGTH
) -> NDArray[np.float64]:
    """[M, C] probabilities by logistic regression; of one class only, that class.

    Args:
        x: [N, D] sparse.
        labels: [N] class numbers.
        asked: [M, D] sparse.
        count: classes.
        strength: inverse strength of the penalty.
    """
    with importing():
        from sklearn.linear_model import LogisticRegression

    shares = np.zeros((asked.shape[0], count))
    there = np.unique(labels)
    if len(there) < 2:
        shares[:, there] = 1.0
        return shares
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a solver that stops at its limit of steps is good enough for a probe
        model = LogisticRegression(C=strength, max_iter=STEPS, tol=1e-3).fit(x, labels)
    shares[:, model.classes_] = model.predict_proba(asked)
    return shares


def sparse_numbers(x: Any, truths: NDArray[np.float64], asked: Any, alpha: float = 1.0) -> NDArray[np.float64]:
    """[M] numbers by ridge regression with a penalty of `alpha`."""
    with importing():
        from sklearn.linear_model import Ridge

    middle = float(truths.mean())
    model = Ridge(alpha=alpha, solver="lsqr").fit(x, truths - middle)
    return np.asarray(model.predict(asked) + middle, np.float64)
