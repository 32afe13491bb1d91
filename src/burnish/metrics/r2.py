"""Coefficient of determination."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.moments import truth_and_answer, variation
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


class R2(CountedMetric):
    """Share of the variance that the predictions explain (R squared); 0 is as good as always the mean.

    Not defined where the truth does not vary.
    """

    targets: ClassVar[tuple[str, ...]] = ("score",)

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From sums of squares."""
        truth, answer = truth_and_answer(known)
        spread = variation(truth, counts)
        left = counts @ (truth - answer) ** 2
        return np.where(spread > 0, 1.0 - left / np.where(spread > 0, spread, 1.0), np.nan)
