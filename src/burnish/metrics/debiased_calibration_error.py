"""Calibration error less what chance alone makes of it."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.calibration import equal_mass, finite_confidence
from burnish.metrics._binned import USUAL, Binned

ROWS = 5
"""Of a bin at least, so that its accuracy has a variance; fewer rows have fewer bins."""


class DebiasedCalibrationError(Binned):
    """Root of the mean squared distance between confidence and accuracy in bins of equal mass, less its bias (Kumar et al. 2019,
    arXiv 1909.10155).

    From each squared gap the variance of the bin's accuracy is subtracted, accuracy * (1 - accuracy) / (rows - 1). Of perfect
    probabilities the mean square is then 0 on average; below 0 it counts as 0.
    """

    bins: int = Field(USUAL, ge=1, description="How many bins, but no more than one for each five rows.")

    def value(self, predictions: Predictions) -> float:
        """Over the rows whose truth is known."""
        if (told := finite_confidence(predictions)) is None:
            return float("nan")
        sure, right = told
        number = equal_mass(sure, max(1, min(self.bins, len(sure) // ROWS)))
        rows = np.bincount(number)
        accuracy, mean = np.bincount(number, right) / rows, np.bincount(number, sure) / rows
        squares = (mean - accuracy) ** 2 - accuracy * (1 - accuracy) / np.maximum(rows - 1, 1)
        return math.sqrt(max(0.0, float((rows * squares).sum() / rows.sum())))
