"""One formula for the value and for its resamples: a metric of how often each row counts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.metrics import Metric

Counts = NDArray[np.int64]
Values = NDArray[np.float64]
T = TypeVar("T")


class CountedMetric(Metric):
    """A metric that can be computed for many resamples at once from how often each row was drawn."""

    @abstractmethod
    def counted(self, known: Predictions, counts: Counts) -> Values:
        """The metric under each of R resamples.

        Args:
            known: N >= 1 rows, all with truth.
            counts: [R, N], how often each row was drawn; every resample draws at least one row.

        Returns:
            [R]; nan where the metric is not defined.
        """

    def value(self, predictions: Predictions) -> float:
        """Every row with truth counted once."""
        known = with_truth(predictions)
        if not len(known):
            return float("nan")
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(self.counted(known, np.ones((1, len(known)), np.int64))[0])

    def resampled(self, predictions: Predictions, counts: Counts) -> Values:
        """The same formula under R resamples; `counts` [R, N] says how often each row was drawn."""
        known = with_truth(predictions)
        if len(known) < len(predictions):
            counts = counts[:, pc.is_valid(predictions.table["truth"]).to_numpy(zero_copy_only=False)]
        values = np.full(len(counts), np.nan)
        some = counts.any(axis=1)
        if some.any():
            with np.errstate(divide="ignore", invalid="ignore"):
                values[some] = self.counted(known, counts if some.all() else counts[some])
        return values


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
