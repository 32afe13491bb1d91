"""Calibration error less what chance alone makes of it."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.calibration import confidence, equal_mass
from burnish.counting.resampling import with_truth
from burnish.metrics import Metric

ROWS = 5
"""Of a bin at least, so that its accuracy has a variance; fewer rows have fewer bins."""


class DebiasedCalibrationError(Metric):
    """Root of the mean squared distance between confidence and accuracy in bins of equal mass, less its bias (Kumar et al. 2019,
    arXiv 1909.10155).

    From each squared gap the variance of the bin's accuracy is subtracted, accuracy * (1 - accuracy) / (rows - 1). Of perfect
    probabilities the mean square is then 0 on average; below 0 it counts as 0.
    """

    targets: ClassVar[tuple[str, ...]] = ("label",)
    greater_is_better: ClassVar[bool] = False
    bins: int = Field(15, ge=1, description="How many bins, but no more than one for each five rows.")

    @property
    def label(self) -> str:
        """With the number of bins where it is not the usual one, because it changes the figure."""
        return self.kind() if self.bins == 15 else f"{self.kind()}_{self.bins}"

    def value(self, predictions: Predictions) -> float:
        """Over the rows whose truth is known."""
        known = with_truth(predictions)
        sure, right = confidence(known) if len(known) else (np.zeros(0), np.zeros(0))
        if not len(known) or not np.isfinite(sure).all():
            return float("nan")
        number = equal_mass(sure, max(1, min(self.bins, len(known) // ROWS)))
        rows = np.bincount(number)
        accuracy, mean = np.bincount(number, right) / rows, np.bincount(number, sure) / rows
        squares = (mean - accuracy) ** 2 - accuracy * (1 - accuracy) / np.maximum(rows - 1, 1)
        return math.sqrt(max(0.0, float((rows * squares).sum() / rows.sum())))
