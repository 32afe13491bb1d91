"""Spearman's rank correlation."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.moments import correlation, ranks, truth_and_answer
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


class Spearman(CountedMetric):
    """Correlation of the ranks of true value and prediction (Spearman 1904), ties sharing their mean rank.

    Not defined where truth or answer does not vary.
    """

    targets: ClassVar[tuple[str, ...]] = ("score",)

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From moments of the ranks within each resample."""
        truth, answer = truth_and_answer(known)
        if not np.isfinite(truth + answer).all():
            return np.full(len(counts), np.nan)
        return correlation(ranks(truth, counts), ranks(answer, counts), counts)
