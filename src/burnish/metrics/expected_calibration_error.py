"""Expected calibration error."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from burnish.core.predictions import Predictions
from burnish.counting.calibration import confidence
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


class ExpectedCalibrationError(CountedMetric):
    """Mean distance between confidence and accuracy over bins of equal width (Guo et al. 2017, arXiv 1706.04599).

    It depends on the bins and is above 0 even for perfect probabilities when rows are few; read it beside log_loss.
    """

    targets: ClassVar[tuple[str, ...]] = ("label",)
    greater_is_better: ClassVar[bool] = False
    bins: int = Field(15, ge=1, description="How many bins of equal width between 0 and 1.")

    @property
    def label(self) -> str:
        """With the number of bins where it is not the usual one, because it changes the figure."""
        return self.kind() if self.bins == 15 else f"{self.kind()}_{self.bins}"

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From the sums of confidence and right answers in each bin."""
        sure, right = confidence(known)
        number = np.clip(np.ceil(sure * self.bins).astype(np.int64) - 1, 0, self.bins - 1)
        in_bin = (number[:, None] == np.arange(self.bins)).astype(np.float64)
        gaps = np.abs(counts @ (in_bin * (sure - right)[:, None]))
        return np.asarray(gaps.sum(axis=1) / counts.sum(axis=1))
