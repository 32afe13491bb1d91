"""Brier score."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.calibration import given_to_truth
from burnish.counting.resampling import Counts, Values, remembered, weighted_mean
from burnish.metrics import CountedMetric


class Brier(CountedMetric):
    """Mean squared distance between probabilities and labels (Brier 1950): rewards being both right and well calibrated.

    Over all classes, from 0 to 2; with two classes half of it, from 0 to 1, as in scikit-learn.
    """

    targets: ClassVar[tuple[str, ...]] = ("label",)
    greater_is_better: ClassVar[bool] = False

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """A mean over rows."""
        return weighted_mean(remembered(known, "squared_distances", _squared_distances), counts)


def _squared_distances(known: Predictions) -> Values:
    probabilities = known.probabilities
    distances = (probabilities**2).sum(axis=1) - 2 * given_to_truth(known) + 1
    return np.asarray(distances / 2 if probabilities.shape[1] == 2 else distances)
