"""Calibration error of every class."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.calibration import equal_width
from burnish.counting.classes import cells
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


class ClasswiseCalibrationError(CountedMetric):
    """Mean over classes of the distance between the probability of a class and how often it is true, in bins (Kull et al. 2019,
    arXiv 1910.12656).

    Looks at all probabilities, where `expected_calibration_error` looks at that of the answer alone. With many classes most
    probabilities are near 0, and so is this.
    """

    targets: ClassVar[tuple[str, ...]] = ("label",)
    greater_is_better: ClassVar[bool] = False
    bins: int = Field(15, ge=1, description="How many bins of equal width between 0 and 1.")

    @property
    def label(self) -> str:
        """With the number of bins where it is not the usual one, because it changes the figure."""
        return self.kind() if self.bins == 15 else f"{self.kind()}_{self.bins}"

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
