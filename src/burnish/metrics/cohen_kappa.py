"""Cohen's kappa."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.classes import class_sums
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


class CohenKappa(CountedMetric):
    """Agreement of label and prediction beyond what chance would give with the same class frequencies (Cohen 1960).

    Not defined where truth and answer are one and the same class throughout.
    """

    targets: ClassVar[tuple[str, ...]] = ("label",)

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From true positives, labels and predictions of each class."""
        sums = class_sums(known, counts)
        rows = counts.sum(axis=1).astype(np.float64)
        agreed = sums.hits.sum(axis=1) * rows
        chance = (sums.truths * sums.answers).sum(axis=1)
        room = rows**2 - chance
        return np.where(room > 0, (agreed - chance) / np.where(room > 0, room, 1.0), np.nan)
