"""Mean absolute error."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.moments import truth_and_answer
from burnish.counting.resampling import Counts, Values, weighted_mean
from burnish.metrics import CountedMetric


class Mae(CountedMetric):
    """Mean absolute error, in the units of the score."""

    targets: ClassVar[tuple[str, ...]] = ("score",)
    greater_is_better: ClassVar[bool] = False

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """A mean over rows."""
        truth, answer = truth_and_answer(known)
        return weighted_mean(np.abs(truth - answer), counts)
