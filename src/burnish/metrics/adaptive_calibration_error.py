"""Calibration error over bins of equal mass."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.calibration import equal_mass, finite_confidence
from burnish.metrics._binned import USUAL, Binned


class AdaptiveCalibrationError(Binned):
    """Mean distance between confidence and accuracy over bins with equally many rows (Nguyen and O'Connor 2015, arXiv 1508.05154).

    Where most answers are very sure, bins of equal width put them all into the last one; these do not. Rows of one confidence
    share a bin. It is above 0 even for perfect probabilities when rows are few; `debiased_calibration_error` is not.
    """

    bins: int = Field(USUAL, ge=1, description="How many bins.")

    def value(self, predictions: Predictions) -> float:
        """Gaps of the bins, weighted by their rows."""
        if (told := finite_confidence(predictions)) is None:
            return float("nan")
        sure, right = told
        return float(np.abs(np.bincount(equal_mass(sure, self.bins), sure - right)).sum() / len(sure))
