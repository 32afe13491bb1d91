"""Share of wrong decisions over rows and labels."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.classes import label_sets
from burnish.counting.resampling import Counts, Values, weighted_mean
from burnish.metrics import CountedMetric


class HammingLoss(CountedMetric):
    """Share of wrong yes-or-no decisions over examples and label names.

    A true label that is not among the names is one more wrong decision. Small wherever labels are rare.
    """

    targets: ClassVar[tuple[str, ...]] = ("labels",)
    greater_is_better: ClassVar[bool] = False

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """A mean over rows."""
        if not known.names:
            return np.full(len(counts), np.nan)
        sets = label_sets(known)
        return weighted_mean((sets.truth != sets.answer).sum(axis=1) / len(known.names), counts)
