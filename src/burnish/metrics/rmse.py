"""Root mean squared error."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.moments import truth_and_answer
from burnish.counting.resampling import Counts, Values, weighted_mean
from burnish.metrics import CountedMetric


class Rmse(CountedMetric):
    """Root of the mean squared error, in the units of the score; large errors weigh more."""

    targets: ClassVar[tuple[str, ...]] = ("score",)
    greater_is_better: ClassVar[bool] = False

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """The root of a mean over rows."""
        truth, answer = truth_and_answer(known)
        return np.sqrt(weighted_mean((truth - answer) ** 2, counts))
