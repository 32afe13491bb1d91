"""Calibration error of every class."""

from __future__ import annotations

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.calibration import equal_width
from burnish.counting.classes import cells
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric
from burnish.metrics._binned import Binned


class ClasswiseCalibrationError(Binned, CountedMetric):
    """Mean over classes of the distance between the probability of a class and how often it is true, in bins (Kull et al. 2019,
    arXiv 1910.12656).

    Looks at all probabilities, where `expected_calibration_error` looks at that of the answer alone. With many classes most
    probabilities are near 0, and so is this.
    """

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From the sums of probability and of true rows in each bin of each class."""
        shares, truth = known.probabilities, cells(known).truth
        classes = shares.shape[1]
        if not classes:
            return np.full(len(counts), np.nan)
        total = np.zeros(len(counts))
        for number in range(classes):
            place = equal_width(shares[:, number], self.bins)
            gaps = (place[:, None] == np.arange(self.bins)) * (shares[:, number] - (truth == number))[:, None]
            total += np.abs(counts @ gaps).sum(axis=1)
        return np.asarray(total / (classes * counts.sum(axis=1)))
