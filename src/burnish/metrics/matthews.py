"""Matthews correlation coefficient."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.classes import class_sums
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


class Matthews(CountedMetric):
    """Correlation between label and prediction (Matthews 1975; for many classes Gorodkin 2004); fair to imbalanced classes.

    0 where all predictions or all labels are the same class, as in scikit-learn.
    """

    targets: ClassVar[tuple[str, ...]] = ("label",)

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From true positives, labels and predictions of each class."""
        sums = class_sums(known, counts)
        rows = counts.sum(axis=1).astype(np.float64)
        together = sums.hits.sum(axis=1) * rows - (sums.truths * sums.answers).sum(axis=1)
        truths = rows**2 - (sums.truths**2).sum(axis=1)
        answers = rows**2 - (sums.answers**2).sum(axis=1)
        varied = (truths > 0) & (answers > 0)
        return np.where(varied, together / np.sqrt(np.where(varied, truths * answers, 1.0)), 0.0)
