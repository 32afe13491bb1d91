"""Mean recall of the classes."""

from __future__ import annotations

from typing import ClassVar, cast

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.classes import class_sums
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


class BalancedAccuracy(CountedMetric):
    """Mean recall over the classes that occur: accuracy if every class had as many examples."""

    targets: ClassVar[tuple[str, ...]] = ("label",)

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From true positives and labels of each class."""
        sums = class_sums(known, counts)
        occurs = sums.truths > 0
        recall = np.where(occurs, sums.hits / np.where(occurs, sums.truths, 1.0), 0.0)
        return cast(Values, recall.sum(axis=1) / occurs.sum(axis=1))
