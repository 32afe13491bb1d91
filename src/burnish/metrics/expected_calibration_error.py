"""Expected calibration error."""

from __future__ import annotations

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.calibration import confidence, equal_width
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric
from burnish.metrics._binned import Binned


class ExpectedCalibrationError(Binned, CountedMetric):
    """Mean distance between confidence and accuracy over bins of equal width (Guo et al. 2017, arXiv 1706.04599).

    It depends on the bins and is above 0 even for perfect probabilities when rows are few; read it beside log_loss.
    """

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From the sums of confidence and right answers in each bin."""
        sure, right = confidence(known)
        number = equal_width(sure, self.bins)
        in_bin = (number[:, None] == np.arange(self.bins)).astype(np.float64)
        gaps = np.abs(counts @ (in_bin * (sure - right)[:, None]))
        return np.asarray(gaps.sum(axis=1) / counts.sum(axis=1))
