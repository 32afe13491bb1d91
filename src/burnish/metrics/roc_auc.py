"""Area under the ROC curve."""

from __future__ import annotations

from typing import ClassVar

from burnish.core.predictions import Predictions
from burnish.counting.ranking import macro, roc_area
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


class RocAuc(CountedMetric):
    """Area under the ROC curve; one class against the rest, mean over classes, where there are more than two.

    With two classes the second of the label names is the positive one.
    Classes without positives or without negatives are left out of the mean.
    """

    targets: ClassVar[tuple[str, ...]] = ("label", "labels")

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From cumulative counts over the rows sorted by probability."""
        return macro(known, counts, roc_area)
