"""Shared by the class weights that are computed from counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def counted(names: Sequence[str], counts: Mapping[str, int]) -> NDArray[np.float64]:
    """[C] how often each name occurs, in the order of `names`."""
    return np.array([counts.get(name, 0) for name in names], np.float64)


def zero_where_absent(weights: NDArray[np.float64], count: NDArray[np.float64]) -> NDArray[np.float32]:
    """[C] float32, 0 for classes that never occur."""
    return np.where(count > 0, weights, 0.0).astype(np.float32)


def mean_of_one(weights: NDArray[np.float64], count: NDArray[np.float64]) -> NDArray[np.float32]:
    """[C] float32, with a mean of 1 over the classes that occur; 0 for the others."""
    total = weights.sum()
    return zero_where_absent(weights * (np.count_nonzero(count) / total if total else 1.0), count)
