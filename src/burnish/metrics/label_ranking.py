"""Label ranking average precision."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.classes import label_sets
from burnish.counting.resampling import Counts, Values, remembered, weighted_mean
from burnish.metrics import CountedMetric

_BLOCK = 4_000_000
"""Comparisons held in memory at once."""


class LabelRanking(CountedMetric):
    """How high the true labels of an example are ranked (label ranking average precision, Tsoumakas et al. 2010); 1 is best.

    Rows without true labels, or with all of them, count as 1, as in scikit-learn.
    """

    targets: ClassVar[tuple[str, ...]] = ("labels",)

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """A mean over rows."""
        return weighted_mean(remembered(known, "ranked", _ranked), counts)


def _ranked(known: Predictions) -> Values:
    """[N] mean over the true labels of a row: the share of true ones among the labels ranked as high or higher."""
    scores, truth = known.probabilities, label_sets(known).truth
    labels = scores.shape[1]
    if not labels:
        return np.full(len(known), np.nan)
    total = truth.sum(axis=1)
    named = truth[:, :labels]
    values = np.empty(len(known))
    block = max(1, _BLOCK // labels**2)
    for start in range(0, len(known), block):
        rows = slice(start, start + block)
        as_high = scores[rows, None, :] >= scores[rows, :, None]
        share = (as_high & named[rows, None, :]).sum(axis=2) / as_high.sum(axis=2)
        values[rows] = np.where(named[rows], share, 0.0).sum(axis=1) / np.maximum(total[rows], 1)
    trivial = (total == 0) | ((named.sum(axis=1) == labels) & (total == labels))
    return np.where(trivial, 1.0, values)
