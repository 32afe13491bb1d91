"""Share of rows whose whole label set is right."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.classes import label_sets
from burnish.counting.resampling import Counts, Values, weighted_mean
from burnish.metrics import CountedMetric


class SubsetAccuracy(CountedMetric):
    """Share of examples whose whole label set is right; one label too many or too few makes one wrong."""

    targets: ClassVar[tuple[str, ...]] = ("labels",)

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """A mean over rows."""
        sets = label_sets(known)
        return weighted_mean((sets.truth == sets.answer).all(axis=1).astype(np.float64), counts)
