"""Sums under resamples: what each row counts, and what is computed once for a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions

Counts = NDArray[np.int64]
Values = NDArray[np.float64]
T = TypeVar("T")


def with_truth(predictions: Predictions) -> Predictions:
    """The rows with truth; the table itself where it has no others, so that what is remembered of it stays."""
    return predictions if predictions.table["truth"].null_count == 0 else predictions.known


def remembered(predictions: Predictions, name: str, compute: Callable[[Predictions], T]) -> T:
    """What `compute` gives for this table, computed once for it: blocks of resamples and other metrics ask again.

    It is kept where `functools.cached_property` keeps its values: in the instance's own dictionary.
    """
    kept: dict[str, Any] = predictions.__dict__.setdefault("_remembered", {})
    if name not in kept:
        kept[name] = compute(predictions)
    return cast(T, kept[name])


def weighted_mean(values: Values, counts: Counts) -> Values:
    """The mean of a value per row [N] under each resample [R, N]."""
    return cast(Values, counts @ values / counts.sum(axis=1))
