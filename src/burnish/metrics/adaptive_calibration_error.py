"""Calibration error over bins of equal mass."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.calibration import confidence, equal_mass
from burnish.counting.resampling import with_truth
from burnish.metrics import Metric


class AdaptiveCalibrationError(Metric):
    """Mean distance between confidence and accuracy over bins with equally many rows (Nguyen and O'Connor 2015, arXiv 1508.05154).

    Where most answers are very sure, bins of equal width put them all into the last one; these do not. Rows of one confidence
    share a bin. It is above 0 even for perfect probabilities when rows are few; `debiased_calibration_error` is not.
    """

    targets: ClassVar[tuple[str, ...]] = ("label",)
    greater_is_better: ClassVar[bool] = False
    bins: int = Field(15, ge=1, description="How many bins.")

    @property
    def label(self) -> str:
        """With the number of bins where it is not the usual one, because it changes the figure."""
        return self.kind() if self.bins == 15 else f"{self.kind()}_{self.bins}"

    def value(self, predictions: Predictions) -> float:
        """Gaps of the bins, weighted by their rows."""
        known = with_truth(predictions)
        sure, right = confidence(known) if len(known) else (np.zeros(0), np.zeros(0))
        if not len(known) or not np.isfinite(sure).all():
            return float("nan")
        return float(np.abs(np.bincount(equal_mass(sure, self.bins), sure - right)).sum() / len(known))
